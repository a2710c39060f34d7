#!/usr/bin/env python3
"""Restore what mlv pushed, without mlv.

    restore.py REMOTE                 list the roots that have a record
    restore.py REMOTE ROOT DEST       restore the directory or file ROOT to DEST

REMOTE is the folder of one project on a remote (a copy of a bucket's prefix
will do). ROOT is a hash as in a pointer or in mlv.lock, with or without
"blake3:". Needs the packages blake3 and zstandard. Every hash is verified; the
formats are those of docs/format. It restores the simple way: one file at a
time, symlinks last, nothing that exists is overwritten.
"""
import os
import sys

import blake3
import zstandard

TEXT, FRAME = 4 << 20, 16 << 20  # limits of a node with its map, and of a frame


def check(ok, *what):
    if not ok:
        sys.exit("restore.py: " + " ".join(str(w) for w in what))


def digest(data):
    return blake3.blake3(data).hexdigest().encode()


def unzstd(data, limit):
    size = zstandard.frame_content_size(data)
    check(0 < size <= limit, "a frame of", size, "bytes")
    return zstandard.ZstdDecompressor().decompress(data, max_output_size=size)


def unescape(path):
    path = path.replace(b"\\\\", b"\0").replace(b"\\n", b"\n").replace(b"\0", b"\\")
    for name in path.split(b"/"):
        check(name not in (b"", b".", b"..") and name.lower() != b".git", "refused path", path)
    return path


class Remote:
    def __init__(self, folder):
        self.folder, self.last = folder, (None, b"")

    def read(self, kind, key, offset, size):
        with open(os.path.join(self.folder, kind, key[:2].decode(), key.decode()), "rb") as f:
            f.seek(offset)
            return f.read(size)

    def frame(self, key, offset, stored, codec, plain):
        """A decoded frame of blobs; the last one is kept, for the blobs that follow in it."""
        name = (key, offset, stored, codec, plain)
        if self.last[0] != name:
            data = self.read("c", key, offset, stored)
            if codec > 0:
                data = unzstd(data, FRAME)
            check(codec < 4 and len(data) == plain, "frame", name, "decodes to", len(data), "bytes")
            n = {2: 2, 3: 4}.get(codec, 1)
            rows, out = len(data) // n, bytearray(data)
            for p in range(n):
                out[p : rows * n : n] = data[p * rows : (p + 1) * rows]
            self.last = (name, bytes(out))
        return self.last[1]

    def record(self, root):
        data = unzstd(self.read("r", root, 0, -1), TEXT)
        head, kind, commit, rest = data.split(b"\n", 3)
        check(head == b"mlv-record 1", "a newer mlv wrote this record")
        return kind.split(b" ")[1:], rest

    def node(self, place, ident):
        key, offset, stored = place
        return self.lines(unzstd(self.read("t", key, offset, stored), TEXT), ident, key)

    def lines(self, data, ident, here):
        """The lines of a node as (level, fields, place)."""
        end = data.index(b"\nmap\n") + 1
        check(digest(data[:end]) == ident, "a node is not", ident)
        head, *lines = data[: end - 1].split(b"\n")
        word, version, level = head.split(b" ")
        check(version == b"1", "a newer mlv wrote this tree")
        lines = [line.split(b" ", 3 if word == b"mlv-tree" else 2) for line in lines]
        sizes = [int(f[1]) for f in lines]
        yield from zip([int(level)] * len(lines), lines, places(data[end + 4 :], sizes, here))


def places(text, sizes, here):
    """One place a size: None, (key, offset, stored) of a node, or a frame and where the blob begins in it."""
    rows = iter(text.split(b"\n"))
    for size in sizes:
        row = next(rows).split(b" ")
        if row[0] == b"@":
            key, offset = here if row[1] == b"-" else row[1], int(row[2])
            row = next(rows).split(b" ")
        if row == [b"-"]:
            yield None
        elif row == [b"+"]:
            yield frame, skip
            skip += size
        else:
            stored = int(row[1])
            if row[0] == b"t":
                yield key, offset, stored
            else:
                plain, skip = (int(row[2]), int(row[3])) if len(row) == 4 else (size, 0)
                frame = key, offset, stored, int(row[0]), plain
                yield frame, skip
                skip += size
            offset += stored


def content(remote, ident, size, place):
    """The bytes of a blob, or of the file whose chunk tree lies there."""
    if place is None:
        yield b""
    elif len(place) == 2:
        data = remote.frame(*place[0])[place[1] : place[1] + size]
        check(digest(data) == ident, "content is not", ident)
        yield data
    else:  # the hash of a chunk tree's top is written nowhere: the file's own hash proves it
        data = unzstd(remote.read("t", *place), TEXT)
        yield from chunks(remote, remote.lines(data, digest(data[: data.index(b"\nmap\n") + 1]), place[0]))


def chunks(remote, lines):
    for level, (ident, size, *_), place in lines:
        if level == 0:
            yield from content(remote, ident, int(size), place)
        else:
            yield from chunks(remote, remote.node(place, ident))


def save(remote, dest, ident, size, mode, place, links):
    os.makedirs(os.path.dirname(dest) or b".", exist_ok=True)
    if mode == b"l":
        links.append((b"".join(content(remote, ident, size, place)), dest))
    elif mode == b"d":
        os.makedirs(dest)
    elif mode == b"t":
        os.makedirs(dest)
        tree(remote, dest, remote.node(place, ident), links)
    else:
        whole = blake3.blake3()
        with open(dest + b".part", "xb") as f:
            for data in content(remote, ident, size, place):
                whole.update(data)
                f.write(data)
        check(whole.hexdigest().encode() == ident, dest, "is not", ident)
        check(not os.path.lexists(dest), dest, "exists")
        os.chmod(dest + b".part", 0o755 if mode == b"x" else 0o644)
        os.rename(dest + b".part", dest)


def tree(remote, dest, lines, links):
    for level, fields, place in lines:
        if level > 0:
            tree(remote, dest, remote.node(place, fields[0]), links)
        else:
            ident, size, mode, path = fields
            save(remote, os.path.join(dest, unescape(path)), ident, int(size), mode, place, links)


def main(args):
    check(len(args) in (1, 3), __doc__)
    remote = Remote(args[0])
    if len(args) == 1:
        for folder, _, names in sorted(os.walk(os.path.join(args[0], "r"))):
            for name in sorted(names):
                (mode, ident, size), _ = remote.record(name.encode())
                print(ident.decode(), {b"t": "directory", b"-": "file"}[mode], size.decode())
        return
    root, dest, links = args[1].removeprefix("blake3:").encode(), os.fsencode(args[2]), []
    (mode, ident, size), rest = remote.record(root)
    check(ident == root, "the record of", root, "is one of", ident)
    check(not os.path.lexists(dest), args[2], "exists")
    if mode == b"t":
        os.makedirs(dest)
        tree(remote, dest, remote.lines(rest, root, None), links)
    else:
        place = next(places(rest[4:], [int(size)], None))
        save(remote, dest, root, int(size), mode, place, links)
    for target, path in links:
        os.symlink(target, path)


if __name__ == "__main__":
    main(sys.argv[1:])
