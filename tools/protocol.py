#!/usr/bin/env python3
"""Writes docs/node-protocol.md and docs/world-link.md from proto/: the messages, their fields, and the comments beside them.

`tools/protocol.py` writes them; `tools/protocol.py --check` says whether they are what the sources say, for the tests.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).parent.parent
PAGES = [  # source, page, title
    ('proto/muster/node/v1/node.proto', 'docs/node-protocol.md', 'The protocol between coordinator and nodes'),
    ('proto/muster/world/v1/world.proto', 'docs/world-link.md', 'The protocol between coordinator and world servers'),
]


def cell(text):
    return text.replace('|', '\\|').strip()


def page(source, title):
    out = [f'# {title}', '',
           f'Made by `tools/protocol.py` from [{source.name}](../{source.relative_to(ROOT)}); change it there.', '']
    comment = []  # lines that stand above what they are about
    rows = None   # of the block that is open
    for line in source.read_text().splitlines():
        text = line.strip()
        heading = re.match(r'// -+ (.*?) -+$', text)
        opening = re.match(r'(service|message|enum) (\w+) \{(.*)$', text)
        code, semicolon, note = text.partition(';')
        if heading:
            out += [f'## {heading[1][0].upper()}{heading[1][1:]}', '']
        elif text.startswith('//'):
            comment.append(text[2:].strip())
        elif opening:
            out += [f'### {opening[1]} `{opening[2]}`', '', *([' '.join(comment), ''] if comment else [])]
            comment, rows = [], []
            inner = opening[3].strip()
            if inner.endswith('}'):  # all on one line
                out += table([[field.strip(), ''] for field in inner[:-1].split(';') if field.strip()])
                rows = None
        elif line == '}':
            out += table(rows)
            comment, rows = [], None
        elif semicolon and rows is not None:
            remark = note.strip().removeprefix('//').strip()
            rows.append([code.removeprefix('rpc '), ' '.join([*comment, remark]).strip()])
            comment = []
        elif text.startswith('package'):
            out += [' '.join(comment), '']
            comment = []
    return '\n'.join(out).rstrip() + '\n'


def table(rows):
    if not rows:
        return ['Empty.', '']
    lines = ['| | |', '|---|---|']
    for row in rows:
        lines.append(f'| `{cell(row[0])}` | {cell(" ".join(row[1:]))} |')
    return [*lines, '']


def main():
    for source, name, title in PAGES:
        text = page(ROOT / source, title)
        path = ROOT / name
        if '--check' not in sys.argv:
            path.write_text(text)
        elif not path.is_file() or path.read_text() != text:
            sys.exit(f'{name} is not what the source says: run tools/protocol.py')


main()
