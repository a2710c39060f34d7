// Package spec reads what git holds of a project at one revision: mlv.yaml,
// mlv.lock, pointers, configuration and ignore files.
package spec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

// The names of a project's files.
const (
	FileName = "mlv.yaml"
	LockName = "mlv.lock"
)

// A Project is what the files of one revision say. Every path in it is
// relative to the project's folder.
type Project struct {
	Pointers []PlacedPointer // by the path of what they track
	Problems []Problem       // files that could not be read, by path

	outputs []Output
}

// A PlacedPointer is a pointer and where it stands.
type PlacedPointer struct {
	File fsx.Path // the pointer itself
	*Pointer
}

// Target returns the path of what the pointer tracks.
func (p PlacedPointer) Target() fsx.Path { return p.File.Dir().Join(fsx.Path(p.Path)) }

// A Problem is a file that could not be read. The rest of the project can.
type Problem struct {
	Path fsx.Path
	Err  error
}

// An Output is one path that mlv keeps: a pointer's, or a stage's as its lock
// entry has it.
type Output struct {
	Path    fsx.Path
	ID      object.ID
	Size    int64
	Files   int64       // of a directory
	Mode    object.Mode // File, Exec or Tree
	From    fsx.Path    // the pointer or mlv.lock that says so
	Stage   string      // the stage that makes it, "" for a pointer's
	Remote  string      // the only remote that it goes to; "": the default
	NoPush  bool        // it stays here: push: false, or an import
	NoCache bool        // git keeps its content
	Frozen  bool
}

// Options are what Load needs to know beside the files.
type Options struct{}

// Load reads the project whose folder is the root of fsys. Of a broken file it
// keeps a Problem and goes on; an error is one of fsys itself.
func Load(ctx context.Context, fsys fs.FS, opt Options) (*Project, error) {
	l := &loader{ctx: ctx, fsys: fsys, project: &Project{}}
	if err := l.folder(""); err != nil {
		return nil, err
	}
	p := l.project
	slices.SortFunc(p.Pointers, func(a, b PlacedPointer) int { return strings.Compare(string(a.Target()), string(b.Target())) })
	slices.SortFunc(p.Problems, func(a, b Problem) int { return strings.Compare(string(a.Path), string(b.Path)) })
	p.outputs = p.collect()
	return p, nil
}

// Outputs returns all that the project keeps, by path.
func (p *Project) Outputs() []Output { return p.outputs }

func (p *Project) collect() (outputs []Output) {
	for _, ptr := range p.Pointers {
		out := ptr.Output(ptr.File.Dir())
		out.From = ptr.File
		outputs = append(outputs, out)
	}
	slices.SortFunc(outputs, func(a, b Output) int { return strings.Compare(string(a.Path), string(b.Path)) })
	return outputs
}

type loader struct {
	ctx     context.Context
	fsys    fs.FS
	project *Project
}

// folder reads what stands in dir, then the folders in it.
func (l *loader) folder(dir fsx.Path) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	entries, err := fs.ReadDir(l.fsys, dir.String())
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	tracked := map[string]bool{}
	for _, e := range entries {
		if name := e.Name(); e.Type().IsRegular() && strings.HasSuffix(name, Ext) && name != Ext {
			if p := l.pointer(dir.Join(fsx.Path(name))); p != nil {
				tracked[p.Path] = true
			}
		}
	}
	for _, e := range entries {
		name := e.Name()
		if !e.IsDir() || tracked[name] || name == ".git" || name == ".mlv" || !fs.ValidPath(name) {
			continue
		}
		if err := l.folder(dir.Join(fsx.Path(name))); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) pointer(file fsx.Path) *Pointer {
	b, err := readFile(l.fsys, file, maxPointer)
	if err != nil {
		l.problem(file, err)
		return nil
	}
	p, err := ParsePointer(string(file), b)
	if err != nil {
		l.problem(file, err)
		return nil
	}
	l.project.Pointers = append(l.project.Pointers, PlacedPointer{file, p})
	return p
}

func (l *loader) problem(file fsx.Path, err error) {
	l.project.Problems = append(l.project.Problems, Problem{file, err})
}

// readFile reads a file of at most limit bytes.
func readFile(fsys fs.FS, file fsx.Path, limit int64) ([]byte, error) {
	f, err := fsys.Open(string(file))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size := int64(512)
	if info, err := f.Stat(); err == nil {
		if info.Size() > limit {
			return nil, tooLarge(string(file), limit)
		}
		size = info.Size()
	}
	b := make([]byte, 0, size+1)
	for {
		n, err := f.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case errors.Is(err, io.EOF):
			return b, nil
		case err != nil:
			return nil, errs.At(errs.Other, string(file), "", "%w", err)
		case int64(len(b)) > limit:
			return nil, tooLarge(string(file), limit)
		}
		b = slices.Grow(b, 1)
	}
}
