package work

import (
	"context"
	"io/fs"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

// ListOptions say what List lists.
type ListOptions struct {
	Path      string // "": the user's folder
	Rev       string
	Recursive bool
	Tracked   bool // only what mlv tracks
}

// A Listed is a file or folder of the project.
type Listed struct {
	Path    string `json:"path"` // from what was listed
	Type    string `json:"type"` // file, directory or link
	Exec    bool   `json:"exec,omitempty"`
	Tracked bool   `json:"tracked"` // by mlv, or holds what is
	Hash    string `json:"hash,omitempty"`
	Size    int64  `json:"size"`
	Files   int64  `json:"files,omitempty"`
}

// List lists what git and mlv track in a folder: names come from git, pointers,
// locks and the trees of directories, whether the data are here or not.
func (p *Project) List(ctx context.Context, opt ListOptions) ([]Listed, error) {
	rev, err := p.At(ctx, opt.Rev)
	if err != nil {
		return nil, err
	}
	dir := p.Cwd
	if opt.Path != "" {
		if dir, err = p.Path(opt.Path); err != nil {
			return nil, err
		}
	}
	l := &lister{p: p, rev: rev, dir: dir, opt: opt, found: map[string]Listed{}}
	if err := l.tracked(ctx); err != nil {
		return nil, err
	}
	if !opt.Tracked {
		if err := l.plain(ctx); err != nil {
			return nil, err
		}
	}
	if len(l.found) == 0 && !l.exists {
		return nil, errs.At(errs.Usage, opt.Path, "", "there is no such file or folder%s", rev.in())
	}
	list := make([]Listed, 0, len(l.found))
	for _, item := range l.found {
		list = append(list, item)
	}
	slices.SortFunc(list, func(a, b Listed) int { return strings.Compare(a.Path, b.Path) })
	return list, nil
}

type lister struct {
	p      *Project
	rev    *Revision
	dir    fsx.Path
	opt    ListOptions
	found  map[string]Listed
	exists bool
}

// tracked lists outputs, and what is in those that the folder is in.
func (l *lister) tracked(ctx context.Context) error {
	for _, out := range l.rev.Spec.Outputs() {
		item := Listed{Type: typeOf(out.Mode), Exec: out.Mode == object.Exec, Tracked: true, Hash: out.ID.String(), Size: out.Size, Files: out.Files}
		switch {
		case l.dir == out.Path && out.Mode != object.Tree:
			item.Path = out.Path.Base()
			l.found[item.Path] = item
		case l.dir.Under(out.Path):
			if err := l.inside(ctx, out.Path, out.ID, l.dir.Rel(out.Path)); err != nil {
				return err
			}
		case out.Path.Under(l.dir):
			l.add(out.Path.Rel(l.dir), item)
			if l.opt.Recursive && out.Mode == object.Tree {
				delete(l.found, string(out.Path.Rel(l.dir)))
				if err := l.inside(ctx, out.Path, out.ID, ""); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// inside lists lines of a directory's tree.
func (l *lister) inside(ctx context.Context, top fsx.Path, id object.ID, under fsx.Path) error {
	var scope object.Scope
	if under != "" {
		scope.Under = []fsx.Path{under}
	}
	l.exists = under == ""
	for e, err := range object.Entries(ctx, l.p.nodes(top), id, scope) {
		if err != nil {
			return err
		}
		item := Listed{Type: typeOf(e.Mode), Exec: e.Mode == object.Exec, Tracked: true, Hash: e.ID.String(), Size: e.Size}
		at := top.Join(e.Path)
		if at == l.dir {
			item.Path = at.Base()
			l.found[item.Path] = item
			continue
		}
		l.add(at.Rel(l.dir), item)
	}
	return nil
}

// add adds an item at a path from the folder that is listed; without Recursive
// only the first component counts, and is a folder that sums what it holds.
func (l *lister) add(at fsx.Path, item Listed) {
	name, _, nested := strings.Cut(string(at), "/")
	if !nested || l.opt.Recursive {
		item.Path = string(at)
		l.found[item.Path] = item
		return
	}
	sum := l.found[name]
	sum.Path, sum.Type, sum.Tracked = name, typeOf(object.Tree), sum.Tracked || item.Tracked
	sum.Size += item.Size
	sum.Files += max(item.Files, 1)
	l.found[name] = sum
}

func typeOf(m object.Mode) string {
	switch m {
	case object.Tree, object.Dir:
		return "directory"
	case object.Symlink:
		return "link"
	}
	return "file"
}

// plain lists what git has.
func (l *lister) plain(ctx context.Context) error {
	return fs.WalkDir(l.rev.FS, l.dir.String(), func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			if gone(err) {
				return nil
			}
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		l.exists = true
		at := fsx.Path(name)
		if name == "." {
			return nil
		}
		if l.skips(at, d) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		rel := at.Rel(l.dir)
		if rel == "" {
			rel = fsx.Path(at.Base())
		}
		if d.IsDir() {
			if at == l.dir {
				return nil
			}
			if !l.opt.Recursive {
				if _, ok := l.found[string(rel)]; !ok {
					l.found[string(rel)] = Listed{Path: string(rel), Type: "directory"}
				}
				return fs.SkipDir
			}
			return nil
		}
		item := Listed{Path: string(rel), Type: "file"}
		if info, err := d.Info(); err == nil {
			item.Size, item.Exec = info.Size(), info.Mode()&0o100 != 0
		}
		l.found[string(rel)] = item
		return nil
	})
}

// skips tells whether a name of the working tree is neither git's nor mlv's to
// list: data, which their pointers list, and what git ignores.
func (l *lister) skips(at fsx.Path, d fs.DirEntry) bool {
	if at == mlvDir || at.Base() == ".git" {
		return true
	}
	for _, out := range l.rev.Spec.Outputs() {
		if at == out.Path {
			return true
		}
	}
	return l.opt.Rev == "" && l.p.gitIgnores(at, d.IsDir())
}
