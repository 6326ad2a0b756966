#!/usr/bin/env python3
"""Writes docs/node-protocol.md from proto/muster/node/v1/node.proto: the messages, their fields, and the comments beside them.

`tools/protocol.py` writes it; `tools/protocol.py --check` says whether it is what the source says, for the tests.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).parent.parent
SOURCE = ROOT / 'proto/muster/node/v1/node.proto'
PAGE = ROOT / 'docs/node-protocol.md'


def cell(text):
    return text.replace('|', '\\|').strip()


def page():
    out = ['# The protocol between coordinator and nodes', '',
           f'Made by `tools/protocol.py` from [{SOURCE.name}](../{SOURCE.relative_to(ROOT)}); change it there.', '']
    comment = []  # lines that stand above what they are about
    rows = None   # of the block that is open
    for line in SOURCE.read_text().splitlines():
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
    text = page()
    if '--check' in sys.argv:
        if not PAGE.is_file() or PAGE.read_text() != text:
            sys.exit('docs/node-protocol.md is not what the source says: run tools/protocol.py')
        return
    PAGE.write_text(text)


main()
