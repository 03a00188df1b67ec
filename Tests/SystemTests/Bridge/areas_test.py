"""Every area that Keptn's own Bridge had tested has its tests here: README.md names them, and they are there."""
import pathlib
import re
import unittest


class Areas(unittest.TestCase):
    def test_every_area_has_the_tests_that_the_table_names(self):
        folder = pathlib.Path(__file__).parent
        classes = set(re.findall(r"^class (\w+)", "".join(file.read_text() for file in folder.glob("*_test.py")), re.M))
        rows = re.findall(r"^\| ([a-zA-Z -]+) \| (`.*`) \|$", (folder / "README.md").read_text(), re.M)
        self.assertEqual(len(rows), 25)
        for area, names in rows:
            for name in re.findall(r"`(\w+)`", names):
                self.assertIn(name, classes, area)


if __name__ == "__main__":
    unittest.main()
