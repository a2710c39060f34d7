// Package spec reads what git holds of a project at one revision: mlv.yaml,
// mlv.lock, pointers, configuration and ignore files.
package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

// The names of a project's files.
const (
	FileName   = "mlv.yaml"
	LockName   = "mlv.lock"
	IgnoreName = ".mlvignore"
)

// A Project is what the files of one revision say. Every path in it is
// relative to the project's folder.
type Project struct {
	Files    []*File            // by path; the root's is first if there is one
	Locks    map[fsx.Path]*Lock // by the folder that they stand in
	Pointers []PlacedPointer    // by the path of what they track
	Problems []Problem          // what is wrong with files, by path

	outputs []Output
}

// A PlacedPointer is a pointer and where it stands.
type PlacedPointer struct {
	File fsx.Path // the pointer itself
	*Pointer
}

// Target returns the path of what the pointer tracks.
func (p PlacedPointer) Target() fsx.Path { return p.File.Dir().Join(fsx.Path(p.Path)) }

// A Problem is something wrong with a file. The rest of the project is read
// all the same, and of an mlv.yaml its sound stages.
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
	Stage   string      // address of the stage that makes it, "" for a pointer's
	Remote  string      // the only remote that it goes to; "": the default
	NoPush  bool        // it stays here: push: false, or an import
	NoCache bool        // git keeps its content
	Frozen  bool
}

// Root returns the project's own mlv.yaml, nil without a readable one.
func (p *Project) Root() *File {
	if len(p.Files) > 0 && p.Files[0].Path == FileName {
		return p.Files[0]
	}
	return nil
}

// File returns the mlv.yaml that stands in dir, nil without a readable one.
func (p *Project) File(dir fsx.Path) *File {
	for _, f := range p.Files {
		if f.Dir() == dir {
			return f
		}
	}
	return nil
}

// Stages returns the stages of all files, in the order of the files.
func (p *Project) Stages() (list []*Stage) {
	for _, f := range p.Files {
		list = append(list, f.Stages...)
	}
	return list
}

// Entry returns the lock entry of a stage, nil if it has none or one that is
// no record of a run.
func (p *Project) Entry(s *Stage) *Entry {
	if lock := p.Locks[s.From.Dir()]; lock != nil {
		if e := lock.Get(s.Name); e != nil && e.Intact() {
			return e
		}
	}
	return nil
}

// Outputs returns all that the project keeps, by path. Of a lock it leaves out
// what mlv.yaml no longer names, and entries that are no record of a run.
func (p *Project) Outputs() []Output { return p.outputs }

func (p *Project) collect() {
	broken := map[fsx.Path]bool{}
	for _, problem := range p.Problems {
		broken[problem.Path] = true
	}
	for _, ptr := range p.Pointers {
		out := ptr.Output(ptr.File.Dir())
		out.From = ptr.File
		p.outputs = append(p.outputs, out)
	}
	for dir, lock := range p.Locks {
		from := dir.Join(FileName)
		file := p.File(dir)
		for _, e := range lock.Entries {
			var stage *Stage
			if file != nil {
				stage = file.Stage(e.Name)
			}
			if stage == nil && !broken[from] || !e.Intact() {
				continue
			}
			for _, c := range e.Outs {
				out, err := lockOutput(dir, e, c)
				if err != nil {
					p.Problems = append(p.Problems, Problem{dir.Join(LockName), errs.At(errs.Corrupt, string(dir.Join(LockName)), "", "stage %s: %w", e.Name, err)})
					continue
				}
				if stage != nil {
					i := slices.IndexFunc(stage.Outs, func(o Out) bool { return o.Target() == out.Path })
					if i < 0 {
						continue
					}
					out.Frozen = stage.Frozen
				}
				out.Stage = address(from, e.Name)
				p.outputs = append(p.outputs, out)
			}
		}
	}
	slices.SortFunc(p.outputs, func(a, b Output) int {
		if c := strings.Compare(string(a.Path), string(b.Path)); c != 0 {
			return c
		}
		return strings.Compare(string(a.From), string(b.From))
	})
}

func lockOutput(dir fsx.Path, e *Entry, c Content) (Output, error) {
	path, err := ResolveLock(dir, e.Wdir, c.Path)
	if err != nil {
		return Output{}, err
	}
	return Output{
		Path: path, ID: c.ID, Size: c.Size, Files: c.Files, Mode: c.Mode, From: dir.Join(LockName),
		Remote: c.Remote, NoPush: c.NoPush, NoCache: c.NoCache,
	}, nil
}

// Overlaps returns an error for each path that two pointers or stages keep,
// or that lies inside what another one keeps.
func (p *Project) Overlaps() (list []error) {
	type claim struct {
		path fsx.Path
		by   string
	}
	var claims []claim
	for _, ptr := range p.Pointers {
		claims = append(claims, claim{ptr.Target(), string(ptr.File)})
	}
	for _, s := range p.Stages() {
		for _, o := range s.Outs {
			claims = append(claims, claim{o.Target(), "stage " + s.Address()})
		}
	}
	by := map[fsx.Path]string{}
	for _, c := range claims {
		if other, ok := by[c.path]; ok {
			list = append(list, overlap(c.path, c.by, c.path, other))
			continue
		}
		by[c.path] = c.by
	}
	for _, c := range claims {
		for dir := c.path.Dir(); dir != ""; dir = dir.Dir() {
			if other, ok := by[dir]; ok {
				list = append(list, overlap(c.path, c.by, dir, other))
				break
			}
		}
	}
	return list
}

func overlap(path fsx.Path, by string, dir fsx.Path, other string) error {
	text := fmt.Sprintf("kept by both %s and %s", other, by)
	if path != dir {
		text = fmt.Sprintf("kept by %s, but lies inside %s, which %s keeps", by, dir, other)
	}
	return errs.At(errs.Usage, string(path), "let only one of the two keep it", "%s", text)
}
