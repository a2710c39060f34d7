package vcs

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1" //nolint:gosec // git's names of objects
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
)

// A Blob is a file as git stores it.
type Blob struct {
	Hash Hash
	Exec bool
	Link bool
}

// Blob returns what git would store for the working file p, as "git add"
// would: with its line endings, and with the executable bit of the index where
// the file system has none. A file that git knows to be unchanged is not read.
func (r *Repo) Blob(ctx context.Context, p fsx.Path) (Blob, error) {
	if r.top == "" {
		return Blob{}, errs.At(errs.Usage, r.dir, "", "a bare repository has no working tree")
	}
	root, err := fsx.OpenRoot(r.top)
	if err != nil {
		return Blob{}, err
	}
	defer root.Close()
	st, err := root.Stat(p)
	if err != nil {
		return Blob{}, err
	}
	idx, err := r.Index(ctx)
	if err != nil {
		return Blob{}, err
	}
	rules, err := r.conversion(ctx)
	if err != nil {
		return Blob{}, err
	}
	known, tracked := idx.Find(p)
	b := Blob{Exec: st.Exec && st.Kind == fsx.File, Link: st.Kind == fsx.Symlink}
	if tracked && !rules.filemode && !b.Link {
		b.Exec = known.Exec
	}
	if tracked && known.Link == b.Link && idx.same(known, st, rules) {
		b.Hash = known.Hash
		return b, nil
	}
	content, err := readWorking(root, p, st)
	if err != nil {
		return Blob{}, err
	}
	if !b.Link {
		if content, err = r.Clean(ctx, p, content); err != nil {
			return Blob{}, err
		}
	}
	b.Hash = r.hashBlob(content)
	return b, nil
}

func readWorking(root *fsx.Root, p fsx.Path, st fsx.Stat) ([]byte, error) {
	switch st.Kind {
	case fsx.Symlink:
		target, err := root.Readlink(p)
		return []byte(target), err
	case fsx.File:
		return root.ReadFile(p, st.Size)
	}
	return nil, errs.At(errs.Usage, string(p), "", "is no file that git could store")
}

// same tells whether the file is the one that git recorded: its times and size
// are, and it was not written in the same instant as the index, which would
// hide a later change.
func (x *Index) same(e IndexEntry, st fsx.Stat, c *conversion) bool {
	if e.intended || st.Mtime != e.stat.mtime || uint32(st.Size) != e.stat.size || st.Mtime >= x.written.UnixNano() {
		return false
	}
	return !c.ctime || st.Ctime == e.stat.ctime
}

// hashBlob names content as git does.
func (r *Repo) hashBlob(content []byte) Hash {
	var h hash.Hash = sha1.New() //nolint:gosec // see the import
	if r.config.hashLen == 64 {
		h = sha256.New()
	}
	fmt.Fprintf(h, "blob %d\x00", len(content))
	h.Write(content)
	return Hash(hex.EncodeToString(h.Sum(nil)))
}

// Verbatim tells whether git stores every content of the file p byte by byte,
// so that nobody needs to call Clean.
func (r *Repo) Verbatim(ctx context.Context, p fsx.Path) (bool, error) {
	how, err := r.howStored(ctx, p)
	return !how.program && how.eol == eolKeep, err
}

// Clean returns what git stores for content at p: line endings as attributes
// and core.autocrlf say. A filter, an encoding or an ident needs the program,
// which then leaves the result among git's objects, as "git add" does.
func (r *Repo) Clean(ctx context.Context, p fsx.Path, content []byte) ([]byte, error) {
	how, err := r.howStored(ctx, p)
	if err != nil {
		return nil, err
	}
	if how.program {
		if r.program == nil {
			return nil, needsGit("the filter, encoding or ident of " + string(p))
		}
		return r.program.clean(ctx, p, content)
	}
	if how.eol == eolKeep || !bytes.Contains(content, []byte("\r\n")) {
		return content, nil
	}
	if how.eol == eolGuess {
		if looksBinary(content) {
			return content, nil
		}
		if was, err := r.storedWithCR(ctx, p); err != nil || was {
			return content, err
		}
	}
	return bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")), nil
}

// clean has git convert content.
func (p *program) clean(ctx context.Context, name fsx.Path, content []byte) ([]byte, error) {
	out, err := p.run(ctx, bytes.NewReader(content), "hash-object", "-w", "--stdin", "--path", string(name))
	if err != nil {
		return nil, err
	}
	o, err := p.object(ctx, Hash(strings.TrimSpace(string(out))))
	return o.content, err
}

// storedWithCR tells whether the index holds p as text with CR: git leaves
// such a file as it is where it only guesses that it is text.
func (r *Repo) storedWithCR(ctx context.Context, p fsx.Path) (bool, error) {
	idx, err := r.Index(ctx)
	if err != nil {
		return false, err
	}
	e, ok := idx.Find(p)
	if !ok || e.intended {
		return false, nil
	}
	o, err := r.object(ctx, e.Hash)
	return bytes.Contains(o.content, []byte("\r\n")) && !looksBinary(o.content), err
}

// looksBinary is git's guess: a NUL, a CR alone, or more than one byte in 128
// that is not printed.
func looksBinary(b []byte) bool {
	printed, other := 0, 0
	for i, c := range b {
		switch {
		case c == 0, c == '\r' && (i+1 == len(b) || b[i+1] != '\n'):
			return true
		case c == '\r', c == '\n':
		case c == '\b', c == '\t', c == '\f', c == 0x1b:
			printed++
		case c < ' ', c == 0x7f:
			other++
		default:
			printed++
		}
	}
	if len(b) > 0 && b[len(b)-1] == 0x1a { // the end of file of DOS
		other--
	}
	return printed>>7 < other
}

// How git stores line endings.
const (
	eolKeep  = iota
	eolText  // CRLF becomes LF
	eolGuess // the same, for what looks like text
)

// storing is what happens to a file on its way into git.
type storing struct {
	eol     int
	program bool
}

// howStored evaluates the attributes of p by git's rules (convert.c there).
func (r *Repo) howStored(ctx context.Context, p fsx.Path) (storing, error) {
	c, err := r.conversion(ctx)
	if err != nil {
		return storing{}, err
	}
	files, err := r.attributeFiles(c, p)
	if err != nil {
		return storing{}, err
	}
	set := attributesOf(files, string(p), c.fold)
	var how storing
	switch text := cmp.Or(textOf(set["text"]), textOf(set["crlf"])); {
	case text == "no":
		how.eol = eolKeep
	case text == "auto":
		how.eol = eolGuess
	case text == "yes", set["eol"] == "lf", set["eol"] == "crlf":
		how.eol = eolText
	case c.autocrlf:
		how.eol = eolGuess
	}
	encoding := set["working-tree-encoding"]
	how.program = c.filters[set["filter"]] || set["ident"] == attrSet ||
		encoding != "" && encoding[0] != 0 && !strings.EqualFold(encoding, "utf-8") && !strings.EqualFold(encoding, "utf8")
	return how, nil
}

// textOf reads the attribute text, or its older name crlf; empty: it decides
// nothing.
func textOf(value string) string {
	switch value {
	case attrSet, "input":
		return "yes"
	case attrUnset:
		return "no"
	case "auto":
		return "auto"
	}
	return ""
}
