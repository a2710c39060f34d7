// Package demo tells the story of a project with real commands: data that is
// tracked and shared, a pipeline, a change and its review, a colleague, and
// the way back. What it says of the commands it checks.
package demo

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/proc"
)

//go:embed files/*.py files/*.json files/*.yaml files/penguins.csv
var files embed.FS

// reading is how long a person needs for a step.
const reading = 5 * time.Second

// Options say how the story is told.
type Options struct {
	Dir  string // made if need be, kept in the end; it must be empty
	MLV  string // the program, an absolute path
	Out  io.Writer
	Fast bool // do not wait between steps for the reader

	// Next, if there is one, is called between steps instead of waiting, as for
	// a key.
	Next func(context.Context) error
}

// Result is what a finished story leaves behind.
type Result struct {
	Dir   string `json:"dir"`   // holds the projects and the folder that they share
	Steps int    `json:"steps"` // all, since a step that fails ends the story
}

// A step is one part of the story.
type step struct {
	title, text string
	tell        func(*story) error
}

// Run tells the story in o.Dir. It needs git and Python 3.9 or later, and no
// network. A command that fails, or does not do what the story says of it, is
// an error that says what went wrong; what was made stays to be looked at.
func Run(ctx context.Context, o Options) (Result, error) {
	s, err := begin(ctx, o)
	if err != nil {
		return Result{}, err
	}
	defer s.root.Close()
	for i, part := range steps {
		if i > 0 {
			if err := s.wait(); err != nil {
				return Result{}, err
			}
		}
		s.say("%d. %s\n   %s\n\n", i+1, part.title, part.text)
		if err := part.tell(s); err != nil {
			return Result{}, fmt.Errorf("step %d, %s: %w", i+1, part.title, err)
		}
		s.say("\n")
	}
	s.say("The project is in %s: look around, change something, run mlv repro.\n", filepath.Join(s.root.Dir(), "penguins"))
	return Result{Dir: s.root.Dir(), Steps: len(steps)}, s.failed
}

// begin looks for the programs and makes the folder.
func begin(ctx context.Context, o Options) (*story, error) {
	s := &story{ctx: ctx, o: o, stats: map[string]fsx.Stat{}, sums: map[string]string{}, programs: map[string]string{"mlv": o.MLV}}
	var err error
	if s.programs["git"], err = proc.Find("git"); err != nil {
		return nil, errs.New(errs.Usage, "install git and see that it is on PATH", "the demo needs git: %w", err)
	}
	for _, name := range []string{"python3", "python"} {
		if _, err = proc.Find(name); err == nil {
			s.python = name
			break
		}
	}
	if err != nil {
		return nil, errs.New(errs.Usage, "install Python 3 and see that it is on PATH", "the demo's stages are in Python: %w", err)
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	if s.root, err = fsx.MakeRoot(dir); err != nil {
		return nil, err
	}
	names, err := s.root.ReadDir("")
	if err == nil && len(names) > 0 {
		err = errs.At(errs.Conflict, o.Dir, "name another folder: mlv demo DIR", "is not empty")
	}
	if err != nil {
		return nil, errors.Join(err, s.root.Close())
	}
	return s, nil
}

// wait gives the reader time, or waits for a key.
func (s *story) wait() error {
	switch {
	case s.o.Next != nil:
		return s.o.Next(s.ctx)
	case s.o.Fast:
		return s.ctx.Err()
	}
	t := time.NewTimer(reading)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

// file returns one of the files of the story.
func file(name string) ([]byte, error) { return fs.ReadFile(files, "files/"+name) }
