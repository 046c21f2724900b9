"""Says of each file named whether it is valid pain.001.001.09, by the schema that sepaxml ships."""

import sys
from pathlib import Path

import sepaxml
import xmlschema

folder = Path(sepaxml.__file__).parent / "schemas"
schema = xmlschema.XMLSchema(folder / "pain.001.001.09.xsd")
for path in sys.argv[1:]:
    fault = next(schema.iter_errors(path), None)
    print("valid" if fault is None else f"{fault.path}: {fault.reason}".replace("\n", " "))
