#!/usr/bin/env python3
"""The house's rules that a compiler does not know. `tools/tidy.py ROOT` lists what breaks one and exits with 1."""

import pathlib
import re
import subprocess
import sys

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
PURE_FLOOR = 1
PURE_BANS = {
    r'#include <boost/': 'Boost on floor 1: bytes and events in, bytes and actions out',
    r'#include <thread>|std::thread|std::jthread': 'threads on floor 1',
    r'_clock::now\(': 'a clock on floor 1: the caller says what time it is',
    r'std::random_device|std::mt19937': 'hidden randomness on floor 1',
}
BANS = {
    r'\bFIXME\b': 'FIXME does not land',
    r'std::(endl)\b': "'\\n' instead of std::endl",
    r'\bassert\(': 'MUSTER_ASSERT instead of assert',
    r'\busing namespace std;': 'no `using namespace std`',
}
BEAST = re.compile(r'#include <boost/beast')
GRPC = re.compile(r'#include <grpc|grpc\.pb\.h')
NAMES = re.compile(r'(^|/)(utils?|common|helpers?|manager|misc)(/|\.|_|$)')


def tracked(root, *patterns):
    out = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard', '--', *patterns], cwd=root,
                         capture_output=True, text=True, check=True)
    return [pathlib.Path(line) for line in out.stdout.splitlines() if (root / line).is_file()]


def rooms(root):
    """Room name -> (folder, wing, floor), from each muster_library()."""
    found = {}
    for cmake in root.glob('libs/*/*/CMakeLists.txt'):
        match = re.search(r'muster_library\(\s*(\w+)\s+WING\s+(\w+)\s+FLOOR\s+(\d)', cmake.read_text())
        if match:
            found[match[1]] = (cmake.parent.relative_to(root), match[2], int(match[3]))
    return found


def code_only(text):
    """The text with comments and string contents blanked, its lines kept."""
    def blank(match):
        return re.sub(r'[^\n]', ' ', match[0])
    return re.sub(r'R"(\w*)\(.*?\)\1"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', blank, text, flags=re.S)


def check_awaits(path, code):
    for match in re.finditer(r'\bco_await\b', code):
        end = code.find(';', match.end())
        brace = code.find('{', match.end())
        depth_end = code.find(') {', match.end())  # `if (co_await f()) {` ends the expression
        if brace != -1 and brace < end and not (depth_end != -1 and depth_end <= brace):
            yield path, code.count('\n', 0, match.start()) + 1, '`{` between co_await and its `;`: name it first'


def check_functions(path, code):
    lines = code.split('\n')
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and re.match(r'^(?!namespace|class|struct|enum|union|extern|constexpr .*=|const .*=|static .*=)[A-Za-z].*\{\s*$', line):
            start = number
        elif start is not None and line.startswith('}'):
            if number - start + 1 > FUNCTION_LINES_MAX:
                yield path, start, f'a function of {number - start + 1} lines (at most {FUNCTION_LINES_MAX})'
            start = None


def check_source(root, path, house):
    text = (root / path).read_text()
    code = code_only(text)
    lines = text.count('\n')
    if lines > FILE_LINES_MAX:
        yield path, lines, f'{lines} lines (at most {FILE_LINES_MAX})'
    yield from check_awaits(path, code)
    yield from check_functions(path, code)
    bans = dict(BANS)
    room = path.parts[2] if path.parts[0] == 'libs' and len(path.parts) > 3 else None
    if room in house and house[room][2] == PURE_FLOOR and not path.stem.endswith(('_test', '_bench', '_sim', '_main')):
        bans.update(PURE_BANS)
    for number, line in enumerate(code.split('\n'), 1):
        for pattern, why in bans.items():
            if re.search(pattern, line):
                yield path, number, why
    for number, line in enumerate(text.split('\n'), 1):
        if BEAST.search(line) and room != 'http':
            yield path, number, 'Beast lives in the room http'
        if GRPC.search(line) and room != 'link':
            yield path, number, 'gRPC lives in the room link'
        if (BEAST.search(line) or GRPC.search(line)) and 'include' in path.parts:
            yield path, number, 'a heavy header in a public header'


def check_house(root, house):
    architecture = (root / 'ARCHITECTURE.md').read_text()
    for folder in sorted(root.glob('libs/*/*')):
        if not folder.is_dir():
            continue
        where = folder.relative_to(root)
        if folder.name not in house:
            yield where, 1, 'no muster_library() for this folder'
            continue
        if house[folder.name][1] != folder.parent.name:
            yield where, 1, f'declared in the wing {house[folder.name][1]}'
        if not (folder / 'README.md').is_file():
            yield where, 1, 'a room without a README.md'
        if not re.search(rf'^\| `{folder.name}` \|', architecture, re.M):
            yield where, 1, 'not in the table of ARCHITECTURE.md'
    for name in re.findall(r'^\| `(\w+)` \|', architecture, re.M):
        if name not in house:
            yield pathlib.Path('ARCHITECTURE.md'), 1, f'names a room that is not there: {name}'


def check_docs(root):
    for path in tracked(root, '*.md'):
        for number, line in enumerate((root / path).read_text().split('\n'), 1):
            for target in re.findall(r'\]\((?!https?:|#|mailto:)([^)#\s]+)', line):
                if not (root / path.parent / target).exists():
                    yield path, number, f'a link that leads nowhere: {target}'


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    house = rooms(root)
    found = list(check_house(root, house)) + list(check_docs(root))
    for path in tracked(root, '*.cpp', '*.hpp', '*.h', '*.ts', '*.tsx', '*.py', '*.sh'):
        if NAMES.search(str(path)):
            found.append((path, 1, 'a name that attracts everything'))
        if path.suffix in ('.cpp', '.hpp', '.h'):
            found.extend(check_source(root, path, house))
        elif path.suffix in ('.ts', '.tsx') and (root / path).read_text().count('\n') > FILE_LINES_MAX:
            found.append((path, 1, f'over {FILE_LINES_MAX} lines'))
    for path, line, why in found:
        print(f'{path}:{line}: {why}')
    sys.exit(1 if found else 0)


main()
