import json
import pytest
pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

def test_x(drive, footage, prepared):
    out = drive.folder / "facts.json"
    drive(["open_project", {"path": prepared}] , ["op", {"name": "understudy.write_farm_facts", "filepath": str(out)}])
    print(out.read_text())
    assert 0
