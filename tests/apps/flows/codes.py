"""Credit codes of invented enterprises, with their check characters."""

CODES = [
    "91990101MA0DEM000H",
    "91990102MA0DEM0013",
    "91990103MA0DEM002L",
    "91990104MA0DEM0036",
    "91990105MA0DEM004P",
]
