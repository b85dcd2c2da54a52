"""Reference data: statutory regions, industries, and the guideline that an industry follows."""
