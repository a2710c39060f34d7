package review

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/spec"
	"github.com/mlv-dev/mlv/internal/value"
	"github.com/mlv-dev/mlv/internal/work"
)

// Workspace is what the working tree is called among revisions.
const Workspace = "workspace"

// maxValues is the most bytes that a file of metrics or params may have.
const maxValues = 64 << 20

// defaultParams is the file whose params a stage names without a file.
const defaultParams = "params.yaml"

// Values are the metrics or params of one revision, by file and dotted key.
type Values struct {
	Rev   string
	Files []FileValues
}

// FileValues are the values of one file.
type FileValues struct {
	Path string
	Data value.Value // as the file has it, or as the lock keeps it: a map of dotted keys
	Flat bool        // Data is what the lock keeps
	Err  error       // why there are none
}

// Set returns all values by "file:key".
func (v *Values) Set() value.Set {
	set := value.Set{}
	for _, f := range v.Files {
		switch {
		case f.Err != nil:
		case f.Flat:
			for _, field := range f.Data.Fields() {
				set[f.Path+":"+field.Key] = field.Value
			}
		default:
			set.Add(f.Path, f.Data)
		}
	}
	return set
}

// Leaves returns all values by file and key, as New of a change.
func (v *Values) Leaves() (list []ValueChange) {
	for _, f := range v.Files {
		set := (&Values{Files: []FileValues{f}}).Set()
		for _, c := range value.Diff(nil, set) {
			list = append(list, ValueChange{File: f.Path, Key: strings.TrimPrefix(c.Name, f.Path+":"), New: &c.New})
		}
	}
	return list
}

// Metrics returns the metrics of a revision, "" for the working tree. Those of
// a stage come from its lock entry, so that neither data nor a remote is
// needed; what no lock has is read from git or the cache. In the working tree a
// file that is there counts, since it may be newer than the lock. A file that
// can't be read hides no other.
func Metrics(ctx context.Context, p *work.Project, rev string) (*Values, error) {
	r, err := p.At(ctx, rev)
	if err != nil {
		return nil, err
	}
	c := &collector{ctx: ctx, p: p, rev: r, seen: map[string]bool{}}
	for _, file := range r.Spec.Files {
		for _, s := range file.Stages {
			entry := r.Spec.Entry(s)
			for _, out := range s.Outs {
				if out.Metric {
					c.metric(string(out.Target()), entry, s)
				}
			}
		}
		for _, name := range file.Metrics {
			c.file(name)
		}
	}
	return c.values(rev), nil
}

// Params returns the params of a revision: all in the files that stages and
// mlv.yaml name, and in params.yaml.
func Params(ctx context.Context, p *work.Project, rev string) (*Values, error) {
	r, err := p.At(ctx, rev)
	if err != nil {
		return nil, err
	}
	c := &collector{ctx: ctx, p: p, rev: r, seen: map[string]bool{}}
	if _, err := fs.Stat(r.FS, defaultParams); err == nil {
		c.file(defaultParams)
	}
	for _, file := range r.Spec.Files {
		for _, s := range file.Stages {
			for _, param := range s.Params {
				c.file(param.Full)
			}
		}
		for _, name := range file.Params {
			c.file(name)
		}
	}
	return c.values(rev), nil
}

type collector struct {
	ctx  context.Context //nolint:containedctx // lives as long as Metrics or Params
	p    *work.Project
	rev  *work.Revision
	seen map[string]bool
	list []FileValues
}

func (c *collector) values(rev string) *Values {
	if rev == "" {
		rev = Workspace
	}
	slices.SortFunc(c.list, func(a, b FileValues) int { return strings.Compare(a.Path, b.Path) })
	return &Values{Rev: rev, Files: c.list}
}

// metric adds an out of a stage.
func (c *collector) metric(name string, entry *spec.Entry, s *spec.Stage) {
	if c.seen[name] {
		return
	}
	if c.rev.Name == "" {
		if _, err := fs.Stat(c.rev.FS, name); err == nil {
			c.file(name)
			return
		}
	}
	if entry != nil {
		for _, m := range entry.Metrics {
			at, err := spec.ResolveLock(s.From.Dir(), entry.Wdir, m.File)
			if err == nil && string(at) == name && m.State == "" {
				c.seen[name] = true
				c.list = append(c.list, FileValues{Path: name, Data: value.OfMap(m.Pairs...), Flat: true})
				return
			}
		}
	}
	c.file(name)
}

// file adds what a file of the revision holds.
func (c *collector) file(name string) {
	if c.seen[name] {
		return
	}
	c.seen[name] = true
	f := FileValues{Path: name}
	b, err := c.read(name)
	if err == nil {
		f.Data, err = value.Read(name, b)
	}
	if err != nil {
		f.Err = err
	}
	c.list = append(c.list, f)
}

// read reads a file of the revision: from git or the working tree, else from
// the cache.
func (c *collector) read(name string) ([]byte, error) {
	f, err := c.rev.FS.Open(path.Clean(name))
	if errors.Is(err, fs.ErrNotExist) {
		at, err := fsx.ParsePath(name)
		if err != nil {
			return nil, err
		}
		return c.p.Read(c.ctx, c.rev, at, maxValues)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxValues+1))
	if err == nil && len(b) > maxValues {
		err = errs.At(errs.Usage, name, "", "the file is larger than %d bytes", maxValues)
	}
	return b, err
}
