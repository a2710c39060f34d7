package work

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/spec"
	"github.com/mlv-dev/mlv/internal/store"
)

// AddOptions say what Add tracks.
type AddOptions struct {
	Paths    []string
	Out      string // name in the project for what lies elsewhere, or is to be copied
	Desc     string
	Glob     bool // paths are patterns
	NoCommit bool // write pointers only, and leave the cache as it is
	Force    bool // replace what stands at Out
	DryRun   bool
}

// An Added is one path that Add tracks.
type Added struct {
	Path    string `json:"path"`
	Pointer string `json:"pointer"`
	Hash    string `json:"hash"`
	Size    int64  `json:"size"`
	Files   int64  `json:"files"`
	Change  string `json:"change"` // added, updated, unchanged
}

// AddResult says what Add did, and which files git has to be told of.
type AddResult struct {
	Added []Added  `json:"added"`
	Stage []string `json:"stage"` // for git add, as the user would type them
}

// An addition is one pointer on its way to disk.
type addition struct {
	pointer spec.PlacedPointer
	isNew   bool
	parts   []*part // what is looked at: the output itself, or paths inside it
	found   Found   // the output as it will be
}

// A part is a path that the user named.
type part struct {
	at     fsx.Path
	within fsx.Path // where it lies in the output; "": it is the output
	scan   *scan
	root   object.ID // the hash of what stands at the path
}

// Add tracks files and folders: their content goes to the cache, a pointer and
// a line in .gitignore to the working tree. A path inside a tracked directory
// updates that directory's pointer. Everything is checked and stored before the
// first pointer is written; after an error no pointer has changed.
func (p *Project) Add(ctx context.Context, opt AddOptions) (result AddResult, err error) {
	paths, err := p.targets(opt)
	if err != nil {
		return result, err
	}
	all, err := p.prepareAll(ctx, paths)
	if err != nil {
		return result, err
	}
	defer func() {
		for _, a := range all {
			a.close()
		}
	}()
	for _, a := range all {
		lock, err := p.lock(ctx, a.pointer.Target())
		if err != nil {
			return result, err
		}
		defer func() { err = errors.Join(err, lock.Unlock()) }()
	}
	if err := p.saveAll(ctx, all, opt); err != nil {
		return result, err
	}
	for _, a := range all {
		if err := p.point(a, opt, &result); err != nil {
			return result, err
		}
	}
	if opt.DryRun {
		return result, nil
	}
	return result, p.afterAdd(ctx, all)
}

func (a *addition) close() {
	for _, part := range a.parts {
		if part.scan != nil {
			part.scan.close()
		}
	}
}

// prepareAll checks all paths before anything is done, and brings those inside
// one tracked directory together.
func (p *Project) prepareAll(ctx context.Context, paths []fsx.Path) (all []*addition, err error) {
	var refused errs.List
	slices.Sort(paths)
	for _, at := range slices.Compact(paths) {
		a, err := p.prepare(ctx, at)
		if err != nil {
			refused.Add(err)
			continue
		}
		i := slices.IndexFunc(all, func(b *addition) bool { return a.pointer.File == b.pointer.File })
		switch {
		case i < 0:
			all = append(all, a)
		case !at.Under(all[i].parts[len(all[i].parts)-1].at): // else it is part of what is added already
			all[i].parts = append(all[i].parts, a.parts...)
		}
	}
	return all, refused.Err()
}

// targets returns the paths that Add is about.
func (p *Project) targets(opt AddOptions) (paths []fsx.Path, err error) {
	var failed errs.List
	for _, name := range opt.Paths {
		if opt.Glob {
			more, err := p.glob(name)
			failed.Add(err)
			paths = append(paths, more...)
			continue
		}
		at, err := p.Path(name)
		if errors.Is(err, errOutside) || opt.Out != "" {
			at, err = p.copyIn(name, opt)
		}
		failed.Add(err)
		paths = append(paths, at)
	}
	return paths, failed.Err()
}

// prepare checks that a path can be tracked and finds the pointer that will
// name it.
func (p *Project) prepare(ctx context.Context, at fsx.Path) (*addition, error) {
	shown := p.Show(at)
	base := at.Base()
	switch {
	case at == "":
		return nil, errs.At(errs.Usage, shown, "name files or folders inside it", "the project itself can't be tracked")
	case strings.HasSuffix(base, spec.Ext) && len(base) > len(spec.Ext), base == spec.FileName, base == spec.LockName, base == ".gitignore", base == spec.IgnoreName:
		return nil, errs.At(errs.Usage, shown, "git tracks it: run 'git add "+shown+"'", "is a file of mlv's or git's own")
	case at.Under(mlvDir) || at.Under(".git"):
		return nil, errs.At(errs.Usage, shown, "", "lies in a folder of mlv's or git's own")
	}
	for _, out := range p.Spec.Outputs() {
		switch {
		case out.Stage != "" && (at.Under(out.Path) || out.Path.Under(at)):
			return nil, errs.At(errs.Usage, shown, "run 'mlv commit "+p.Show(out.Path)+"' to record what is there now",
				"%s is made by stage %s", p.Show(out.Path), out.Stage)
		case out.Path != at && out.Path.Under(at):
			return nil, errs.At(errs.Usage, shown, "run 'mlv remove "+p.Show(out.From)+"' first, or leave it out",
				"overlaps with %s, which is tracked by %s", p.Show(out.Path), p.Show(out.From))
		case at.Under(out.Path):
			ptr, ok := p.pointer(out)
			if !ok {
				break
			}
			return &addition{pointer: ptr, parts: []*part{{at: at, within: at.Rel(out.Path)}}}, p.addable(ctx, at)
		}
	}
	file := at + spec.Ext
	ptr := spec.PlacedPointer{File: file, Pointer: &spec.Pointer{Path: base}}
	if err := p.addable(ctx, at); err != nil {
		return nil, err
	}
	if _, err := fsx.ParsePath(string(file)); err != nil {
		return nil, errs.At(errs.Usage, shown, "track the folder that holds it", "its pointer can't be named: %w", err)
	}
	return &addition{pointer: ptr, isNew: true, parts: []*part{{at: at}}}, p.pointable(file)
}

// addable checks what stands at a path, and that git doesn't track it.
func (p *Project) addable(ctx context.Context, at fsx.Path) error {
	st, err := p.Root.Stat(at)
	switch {
	case gone(err):
		return errs.At(errs.Usage, p.Show(at), "", "there is no such file or folder")
	case err != nil:
		return err
	case st.Kind == fsx.Symlink:
		if err := p.inline(at); err != nil {
			return err
		}
	}
	tracked, err := p.inGit(ctx, at)
	if err != nil || !tracked {
		return err
	}
	shown := p.Show(at)
	return errs.At(errs.Usage, shown, "run 'git rm -r --cached "+shown+"', then 'mlv add "+shown+"'", "is tracked by git")
}

// inline puts the file that a symbolic link leads to in place of the link:
// what is tracked is content. A link to a folder is refused.
func (p *Project) inline(at fsx.Path) error {
	link := filepath.Join(p.Root.Dir(), filepath.FromSlash(string(at)))
	real, err := filepath.EvalSymlinks(link)
	if err != nil {
		return errs.At(errs.Usage, p.Show(at), "", "is a symbolic link that leads nowhere")
	}
	from, err := fsx.OpenRoot(filepath.Dir(real))
	if err != nil {
		return err
	}
	defer from.Close()
	name := fsx.Path(filepath.Base(real))
	st, err := from.Stat(name)
	if err != nil {
		return err
	}
	if st.Kind != fsx.File {
		return errs.At(errs.Usage, p.Show(at), "add the folder that it leads to", "is a symbolic link to a %s", st.Kind)
	}
	_, err = p.Root.Place(at, from, name, fsx.PlaceOptions{Kinds: []fsx.LinkKind{fsx.Reflink, fsx.Copy}})
	return err
}

// saveAll looks at all additions and stores their content.
func (p *Project) saveAll(ctx context.Context, all []*addition, opt AddOptions) error {
	var batch *store.Batch
	if !opt.NoCommit && !opt.DryRun {
		batch = p.store.NewBatch()
		defer batch.Discard()
	}
	p.opt.Meter.Phase("adding")
	for _, a := range all {
		for _, part := range a.parts {
			var err error
			if part.scan, a.found, err = p.save(ctx, batch, part.at); err != nil {
				return err
			}
			part.root = a.found.ID
		}
		if a.parts[0].within != "" {
			var err error
			if a.found, err = p.graft(ctx, batch, a); err != nil {
				return err
			}
		}
	}
	if batch == nil {
		return nil
	}
	return batch.Commit(ctx)
}

// graft returns the tracked directory of a with its parts in place of what the
// directory had at their paths. The directory itself need not be here.
func (p *Project) graft(ctx context.Context, batch *store.Batch, a *addition) (Found, error) {
	b := object.NewBuilder(into(ctx, batch))
	old := a.pointer.Output(a.pointer.File.Dir())
	parts, err := a.parts, error(nil)
	add := func(line object.Entry) bool {
		err = b.Add(line)
		return err == nil
	}
	for e, failed := range object.Entries(ctx, p.nodes(old.Path), old.ID, object.Scope{}) {
		if failed != nil {
			return Found{}, failed
		}
		for len(parts) > 0 && err == nil && parts[0].within < e.Path && !e.Path.Under(parts[0].within) {
			parts[0].lines(add)
			parts = parts[1:]
		}
		if !a.replaces(e) && err == nil {
			add(e)
		}
		if err != nil {
			return Found{}, errs.At(errs.Usage, p.Show(old.Path), "run 'mlv add "+p.Show(old.Path)+"' instead", "%w", err)
		}
	}
	for ; len(parts) > 0 && err == nil; parts = parts[1:] {
		parts[0].lines(add)
	}
	if err != nil {
		return Found{}, err
	}
	root, err := b.Finish()
	return Found{object.Entry{Path: old.Path, ID: root.ID, Size: root.Bytes, Mode: object.Tree}, root.Files}, err
}

// replaces tells whether a line of the directory gives way to a part, or was
// an empty folder that is none any more.
func (a *addition) replaces(e object.Entry) bool {
	for _, part := range a.parts {
		if e.Path.Under(part.within) || e.Mode == object.Dir && part.within.Under(e.Path) {
			return true
		}
	}
	return false
}

// lines yields what was found as lines of the output's tree.
func (pt *part) lines(yield func(object.Entry) bool) {
	s := pt.scan
	switch {
	case s.kind == fsx.File:
		yield(object.Entry{Path: pt.within, ID: s.file.id, Size: s.file.stat.Size, Mode: s.file.mode})
	case s.top.files == 0:
		yield(object.Entry{Path: pt.within, ID: object.Empty, Mode: object.Dir})
	default:
		s.each(func(_ *folder, line object.Entry, _ *fsx.Stat) bool {
			line.Path = pt.within.Join(line.Path)
			return yield(line)
		})
	}
}

// point writes the line in .gitignore, then the pointer.
func (p *Project) point(a *addition, opt AddOptions, result *AddResult) error {
	ptr := a.pointer
	added := Added{
		Path: p.Show(ptr.Target()), Pointer: p.Show(ptr.File),
		Hash: a.found.ID.String(), Size: a.found.Size, Files: a.found.Files, Change: "updated",
	}
	same := !a.isNew && ptr.ID == a.found.ID && ptr.Mode == a.found.Mode && (opt.Desc == "" || opt.Desc == ptr.Desc)
	switch {
	case a.isNew:
		added.Change = "added"
	case same:
		added.Change = "unchanged"
	}
	result.Added = append(result.Added, added)
	if same || opt.DryRun {
		return nil
	}
	ptr.ID, ptr.Size, ptr.Mode, ptr.Files = a.found.ID, a.found.Size, a.found.Mode, 0
	if ptr.Mode == object.Tree {
		ptr.Files = a.found.Files
	}
	if opt.Desc != "" {
		ptr.Desc = opt.Desc
	}
	ignored, err := p.ignoreOutput(ptr.Target())
	if err != nil {
		return err
	}
	result.Stage = append(result.Stage, p.Show(ptr.File))
	if ignored != "" && !slices.Contains(result.Stage, p.Show(ignored)) {
		result.Stage = append(result.Stage, p.Show(ignored))
	}
	return p.writePointer(ptr)
}

// writePointer writes a pointer, durably and in one step.
func (p *Project) writePointer(ptr spec.PlacedPointer) error {
	b, err := ptr.Format()
	if err != nil {
		return errs.At(errs.Usage, p.Show(ptr.Target()), "rename it, or track the folder that holds it", "%w", err)
	}
	return p.Root.WriteFile(ptr.File, b, fsx.WriteOptions{Perm: 0o666})
}
