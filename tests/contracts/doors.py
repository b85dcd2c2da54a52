"""The contract `doors`: another room is entered only through `door.py`.

`site` and `api` may also take `urls`, `views` and `apps`, because wiring needs them.
"""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class DoorsContract(Contract):
    rooms = fields.StringField()
    door = fields.StringField()
    guests = fields.ListField(subfield=fields.StringField())
    guest_doors = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        inner = [m for m in graph.modules if m.startswith(f"{self.rooms}.")]
        broken = sorted(
            (importer, imported)
            for imported in inner
            for importer in graph.find_modules_that_directly_import(imported)
            if not self._may(importer, imported)
        )
        lines = {pair: self._lines(graph, *pair) for pair in broken}
        return ContractCheck(kept=not broken, metadata={"broken": lines})

    def _may(self, importer: str, imported: str) -> bool:
        room, _, inside = imported.removeprefix(f"{self.rooms}.").partition(".")
        home = f"{self.rooms}.{room}"
        if importer == home or importer.startswith(f"{home}."):
            return True
        is_guest = any(importer == g or importer.startswith(f"{g}.") for g in self.guests)
        allowed = {self.door, *(self.guest_doors if is_guest else ())}
        return inside.partition(".")[0] in allowed

    def _lines(self, graph: ImportGraph, importer: str, imported: str) -> str:
        details = graph.get_import_details(importer=importer, imported=imported)
        return ", ".join(f"line {d['line_number']}" for d in details)

    def render_broken_contract(self, check: ContractCheck) -> None:
        for (importer, imported), lines in check.metadata["broken"].items():
            room = imported.removeprefix(f"{self.rooms}.").partition(".")[0]
            output.print_error(f"{importer} imports {imported} ({lines})")
            output.print_error(f"  use {self.rooms}.{room}.{self.door} instead", bold=False)
