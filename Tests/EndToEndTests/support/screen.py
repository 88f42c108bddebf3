"""A small terminal emulator: what an xterm would show of the bytes that it is sent.

It knows what line editors and chat programs use of ECMA-48. What it does not know it ignores, and
counts in `unknown`, so that a test can insist on knowing everything.
"""

import re
import unicodedata

_CONTROL = re.compile(r"\x1b\[([?>=]?)([0-9;:]*)([ -/]*)([@-~])")
_STRING = re.compile(r"\x1b[P\]_^X].*?(\x1b\\|\x07)", re.DOTALL)


def cells(character):
    """How many columns a character takes."""
    if unicodedata.combining(character) or character in "\u200d\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class Screen:
    """Rows of cells, a cursor, and what has scrolled away."""

    def __init__(self, columns=80, rows=24):
        self.columns, self.rows = columns, rows
        self.grid = [self._blank() for _ in range(rows)]
        self.scrolled = []
        self.row = self.column = 0
        self.styled = set()
        self.unknown = set()
        self._style = ""
        self._inserts = False
        self._wraps = False
        self._pending = ""

    def _blank(self):
        return [" "] * self.columns

    # What is shown

    @property
    def lines(self):
        """The visible lines, without spaces behind and without empty ones at the end."""
        lines = ["".join(row).rstrip() for row in self.grid]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    @property
    def history(self):
        """All lines, also those that have scrolled away."""
        return ["".join(row).rstrip() for row in self.scrolled] + self.lines

    @property
    def cursor_line(self):
        return "".join(self.grid[self.row]).rstrip()

    def resize(self, columns, rows):
        """As xterm does it: rows are cut or padded, and the cursor's row stays visible."""
        self.grid = [(row + [" "] * columns)[:columns] for row in self.grid]
        self.columns, self.rows = columns, rows
        while len(self.grid) > rows:
            if self.row < len(self.grid) - 1:
                self.grid.pop()
            else:
                self.scrolled.append(self.grid.pop(0))
                self.row -= 1
        self.grid += [self._blank() for _ in range(rows - len(self.grid))]
        self.column = min(self.column, columns - 1)

    # What comes in

    def feed(self, text):
        text = self._pending + text
        self._pending = ""
        position = 0
        while position < len(text):
            character = text[position]
            if character == "\x1b":
                taken = self._escape(text, position)
                if not taken:
                    self._pending = text[position:]
                    return
                position += taken
            else:
                self._character(character)
                position += 1

    def _escape(self, text, position):
        """Obeys the sequence at `position`; returns its length, or 0 where it is not whole."""
        if position + 1 == len(text):
            return 0
        kind = text[position + 1]
        if kind == "[":
            match = _CONTROL.match(text, position)
            if match:
                self._control(*match.group(1, 2, 4))
            return len(match.group()) if match else 0
        if kind in "P]_^X":
            match = _STRING.match(text, position)
            return len(match.group()) if match else 0
        if kind in "()":
            return 3 if position + 2 < len(text) else 0
        if kind == "M":
            self.row = max(0, self.row - 1)
        elif kind not in "=>78":
            self.unknown.add(f"ESC {kind}")
        return 2

    def _character(self, character):
        if character == "\n":
            self._line_feed()
        elif character == "\r":
            self.column, self._wraps = 0, False
        elif character == "\b":
            self.column, self._wraps = max(0, self.column - 1), False
        elif character == "\t":
            self.column = min(self.columns - 1, self.column // 8 * 8 + 8)
        elif character == "\x07":
            pass
        elif character < " ":
            self.unknown.add(repr(character))
        else:
            self._print(character)

    def _print(self, character):
        width = cells(character)
        if width == 0:
            if self.column:
                self.grid[self.row][self.column - 1] += character
            return
        if self._wraps or self.column + width > self.columns:
            self.column, self._wraps = 0, False
            self._line_feed()
        row = self.grid[self.row]
        if self._inserts:
            row[self.column:self.column] = [" "] * width
            del row[self.columns:]
        row[self.column] = character
        row[self.column + 1:self.column + width] = [""] * (width - 1)
        if self._style:
            self.styled.add(self._style)
        self.column += width
        if self.column >= self.columns:
            self.column, self._wraps = self.columns - 1, True

    def _line_feed(self):
        self._wraps = False
        if self.row == self.rows - 1:
            self.scrolled.append(self.grid.pop(0))
            self.grid.append(self._blank())
        else:
            self.row += 1

    def _control(self, private, parameters, final):
        numbers = [int(part) if part else 0 for part in re.split("[;:]", parameters or "0")]
        count = max(1, numbers[0])
        row = self.grid[self.row]
        if final == "m":
            self._style = "" if parameters in ("", "0") else parameters
        elif final in "hl":
            if not private and numbers == [4]:
                self._inserts = final == "h"
        elif final in "ABCDGHd":
            self._move(final, numbers, count)
        elif final == "J":
            self._erase_screen(numbers[0])
        elif final == "K":
            start, end = {0: (self.column, self.columns), 1: (0, self.column + 1)}.get(
                numbers[0], (0, self.columns))
            row[start:end] = [" "] * (end - start)
        elif final == "P":
            del row[self.column:self.column + count]
            row += [" "] * (self.columns - len(row))
        elif final == "@":
            row[self.column:self.column] = [" "] * count
            del row[self.columns:]
        elif final == "X":
            row[self.column:self.column + count] = [" "] * min(count, self.columns - self.column)
        else:
            self.unknown.add(f"CSI {private}{parameters}{final}")

    def _move(self, final, numbers, count):
        self._wraps = False
        if final == "A":
            self.row = max(0, self.row - count)
        elif final == "B":
            self.row = min(self.rows - 1, self.row + count)
        elif final == "C":
            self.column = min(self.columns - 1, self.column + count)
        elif final == "D":
            self.column = max(0, self.column - count)
        elif final == "G":
            self.column = min(self.columns, count) - 1
        elif final == "d":
            self.row = min(self.rows, count) - 1
        else:
            self.row = min(self.rows, count) - 1
            self.column = min(self.columns, max(1, (numbers + [1])[1])) - 1

    def _erase_screen(self, how):
        if how == 2:
            self.grid = [self._blank() for _ in range(self.rows)]
        elif how == 0:
            self.grid[self.row][self.column:] = [" "] * (self.columns - self.column)
            for row in range(self.row + 1, self.rows):
                self.grid[row] = self._blank()
        else:
            self.unknown.add(f"CSI {how}J")
