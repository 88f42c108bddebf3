#!/usr/bin/env python3
"""Draws a screen that `tmux capture-pane -e -p` wrote as a picture of a terminal.

    Scripts/screenshot.py [--title TEXT] [--cursor X,Y] SCREEN OUTPUT.png

Block elements (U+2580 to U+259F) are drawn as rectangles that meet without a seam, whatever a font
makes of them; all other characters come from DejaVu Sans Mono and, where it lacks them, from the
fonts that are named in FALLBACKS and installed.
"""

import argparse
import pathlib
import re
import unicodedata

from PIL import Image, ImageDraw, ImageFont

FONTS = pathlib.Path("/usr/share/fonts")
REGULAR = FONTS / "truetype/dejavu/DejaVuSansMono.ttf"
BOLD = FONTS / "truetype/dejavu/DejaVuSansMono-Bold.ttf"
FALLBACKS = [FONTS / "truetype/dejavu/DejaVuSans.ttf"]

FONT_PIXELS = 26
CELL_WIDTH, CELL_HEIGHT = 16, 32
MARGIN = 24
BAR = 52

GROUND = (24, 26, 31)
TEXT = (220, 223, 228)
TITLE_GROUND = (44, 47, 54)
BASIC = [
    (40, 44, 52), (224, 108, 117), (152, 195, 121), (229, 192, 123),
    (97, 175, 239), (198, 120, 221), (86, 182, 194), (220, 223, 228),
    (92, 99, 112), (240, 130, 138), (170, 215, 140), (245, 210, 140),
    (120, 190, 250), (215, 140, 235), (105, 200, 212), (255, 255, 255),
]
SGR = re.compile("\x1b\\[([0-9;:]*)m")
OTHER_ESCAPES = re.compile("\x1b(?:\\[[0-9;:?]*[@-ln-~]|[()].|\\][^\x07\x1b]*(?:\x07|\x1b\\\\))")


def indexed(number):
    """One of the 256 colours of xterm."""
    if number < 16:
        return BASIC[number]
    if number >= 232:
        return (8 + 10 * (number - 232),) * 3
    levels = (0, 95, 135, 175, 215, 255)
    number -= 16
    return levels[number // 36], levels[number // 6 % 6], levels[number % 6]


class Pen:
    """The colours and weight that select-graphic-rendition sequences set."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.text, self.ground = None, None
        self.bold = self.dim = self.reverse = False

    def obey(self, parameters):
        codes = [int(code or 0) for code in parameters.replace(":", ";").split(";")]
        while codes:
            code = codes.pop(0)
            if code == 0:
                self.reset()
            elif code == 1:
                self.bold = True
            elif code == 2:
                self.dim = True
            elif code == 7:
                self.reverse = True
            elif code == 22:
                self.bold = self.dim = False
            elif code == 27:
                self.reverse = False
            elif code in (38, 48):
                colour = self.extended(codes)
                if code == 38:
                    self.text = colour
                else:
                    self.ground = colour
            elif code == 39:
                self.text = None
            elif code == 49:
                self.ground = None
            elif 30 <= code <= 37 or 90 <= code <= 97:
                self.text = BASIC[code - 30 if code < 40 else code - 82]
            elif 40 <= code <= 47 or 100 <= code <= 107:
                self.ground = BASIC[code - 40 if code < 50 else code - 92]

    @staticmethod
    def extended(codes):
        if codes.pop(0) == 2:
            colour = tuple(codes[:3])
            del codes[:3]
            return colour
        return indexed(codes.pop(0))

    def colours(self):
        text, ground = self.text or TEXT, self.ground or GROUND
        if self.reverse:
            text, ground = ground, text
        if self.dim:
            text = tuple((3 * a + 2 * b) // 5 for a, b in zip(text, ground))
        return text, ground


def cells(line, pen):
    """The characters of a line with their colours: (text, width, text colour, ground, bold)."""
    line = OTHER_ESCAPES.sub("", line)
    position = 0
    for match in list(SGR.finditer(line)) + [None]:
        end = match.start() if match else len(line)
        for character in line[position:end]:
            if unicodedata.combining(character) or character == "\ufe0f":
                continue
            width = 2 if unicodedata.east_asian_width(character) in "WF" else 1
            yield (character, width, *pen.colours(), pen.bold)
        if match:
            pen.obey(match.group(1))
            position = match.end()


# Which quarters of a cell U+2596 to U+259F fill: upper left 1, upper right 2, lower left 4,
# lower right 8.
QUADRANTS = [4, 8, 1, 13, 9, 7, 11, 2, 6, 14]


def block(character):
    """The filled parts of a block element as (left, top, right, bottom) in eighths; else None."""
    code = ord(character)
    if code == 0x2580:
        return [(0, 0, 8, 4)]
    if 0x2581 <= code <= 0x2588:
        return [(0, 0x2588 - code, 8, 8)]
    if 0x2589 <= code <= 0x258F:
        return [(0, 0, 0x2590 - code, 8)]
    if code == 0x2590:
        return [(4, 0, 8, 8)]
    if code == 0x2594:
        return [(0, 0, 8, 1)]
    if code == 0x2595:
        return [(7, 0, 8, 8)]
    if 0x2596 <= code <= 0x259F:
        quarters = QUADRANTS[code - 0x2596]
        corners = [(0, 0), (4, 0), (0, 4), (4, 4)]
        return [(x, y, x + 4, y + 4) for bit, (x, y) in enumerate(corners) if quarters >> bit & 1]
    return None


class Fonts:
    def __init__(self):
        self.regular = ImageFont.truetype(str(REGULAR), FONT_PIXELS)
        self.bold = ImageFont.truetype(str(BOLD), FONT_PIXELS)
        self.fallbacks = [
            ImageFont.truetype(str(path), FONT_PIXELS) for path in FALLBACKS if path.exists()
        ]
        self.missing = bytes(self.regular.getmask("\U0010ffff"))

    def of(self, character, bold):
        first = self.bold if bold else self.regular
        for font in [first, *self.fallbacks]:
            if bytes(font.getmask(character)) != bytes(font.getmask("\U0010ffff")):
                return font
        return first


def draw(screen, title, cursor):
    lines = screen.rstrip("\n").split("\n")
    pen = Pen()
    rows = [list(cells(line, pen)) for line in lines]
    columns = max(max((sum(cell[1] for cell in row) for row in rows), default=0) + 2, 80)
    size = (columns * CELL_WIDTH + 2 * MARGIN, len(rows) * CELL_HEIGHT + BAR + 2 * MARGIN)
    image = Image.new("RGB", size, GROUND)
    canvas = ImageDraw.Draw(image)
    fonts = Fonts()
    draw_bar(canvas, fonts, size[0], title)
    for y, row in enumerate(rows):
        x = 0
        for character, width, text, ground, bold in row:
            left, top = MARGIN + x * CELL_WIDTH, BAR + MARGIN + y * CELL_HEIGHT
            draw_cell(canvas, fonts, left, top, character, width, text, ground, bold)
            x += width
    if cursor:
        left, top = MARGIN + cursor[0] * CELL_WIDTH, BAR + MARGIN + cursor[1] * CELL_HEIGHT
        canvas.rectangle((left, top, left + CELL_WIDTH - 1, top + CELL_HEIGHT - 1), fill=TEXT)
    return rounded(image)


def draw_bar(canvas, fonts, width, title):
    canvas.rectangle((0, 0, width, BAR - 1), fill=TITLE_GROUND)
    for index, colour in enumerate([(237, 106, 94), (245, 191, 79), (98, 197, 84)]):
        left = 24 + 32 * index
        canvas.ellipse((left, BAR // 2 - 9, left + 18, BAR // 2 + 9), fill=colour)
    if title:
        canvas.text((width // 2, BAR // 2), title, font=fonts.regular, fill=TEXT, anchor="mm")


def draw_cell(canvas, fonts, left, top, character, width, text, ground, bold):
    right, bottom = left + width * CELL_WIDTH, top + CELL_HEIGHT
    if ground != GROUND:
        canvas.rectangle((left, top, right - 1, bottom - 1), fill=ground)
    parts = block(character)
    if parts is not None:
        for x0, y0, x1, y1 in parts:
            canvas.rectangle(
                (left + x0 * CELL_WIDTH // 8, top + y0 * CELL_HEIGHT // 8,
                 left + x1 * CELL_WIDTH // 8 - 1, top + y1 * CELL_HEIGHT // 8 - 1),
                fill=text)
    elif character != " ":
        baseline = top + CELL_HEIGHT * 3 // 4
        font = fonts.of(character, bold)
        canvas.text((left, baseline), character, font=font, fill=text, anchor="ls")


def rounded(image):
    """The picture with round corners that are clear."""
    mask = Image.new("L", image.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, *(side - 1 for side in image.size)), 20, fill=255)
    image.putalpha(mask)
    return image


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--title", default="")
    parser.add_argument("--cursor", help="X,Y counted from 0")
    parser.add_argument("screen", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    options = parser.parse_args()
    cursor = tuple(map(int, options.cursor.split(","))) if options.cursor else None
    image = draw(options.screen.read_text(encoding="utf-8"), options.title, cursor)
    image.save(options.output, optimize=True)


main()
