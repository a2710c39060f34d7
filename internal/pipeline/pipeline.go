// Package pipeline runs the stages of a project: it knows who needs whom, what
// is stale and why, and runs that under a guard, so that after any failure or
// crash the outs are those of a run that ended, old or new.
//
// An entry of mlv.lock is the record of one run, and its lines down to the
// outs' paths say what the result depends on. A stage is up to date if these
// lines, made anew of what stands in the working tree, are those of its entry,
// and its outs are what the entry says. There is no other notion of change:
// reasons are the lines that differ, the key of the run cache is their hash.
package pipeline

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/proc"
	"github.com/mlv-dev/mlv/internal/spec"
	"github.com/mlv-dev/mlv/internal/vcs"
)

// Found is what stands at a path.
type Found struct {
	ID    object.ID
	Size  int64
	Files int64       // of a directory
	Mode  object.Mode // File, Exec or Tree
}

// Files is the working tree with the cache behind it. Paths are from the
// project's folder. An absent path gives fs.ErrNotExist.
type Files interface {
	// Hash says what stands at p, and stores nothing. What it has seen before
	// it doesn't read again.
	Hash(ctx context.Context, p fsx.Path) (Found, error)
	// Save says what stands at p; its content is then in the cache, durable.
	Save(ctx context.Context, p fsx.Path) (Found, error)
	// Place makes what p, where nothing stands, is to be, from the cache.
	Place(ctx context.Context, p fsx.Path, f Found) error
}

// Cache is what a pipeline asks of the cache, and of the run records in it.
type Cache interface {
	Has(id object.ID) (bool, error)
	Node(ctx context.Context, id object.ID) ([]byte, error)
	Run(key object.ID) ([]byte, error) // nil: there is none
	PutRun(key object.ID, record []byte) error
}

// Git tells how git stores the files of the working tree. Paths are from the
// top of the repository.
type Git interface {
	Verbatim(ctx context.Context, p fsx.Path) (bool, error)
	Clean(ctx context.Context, p fsx.Path, content []byte) ([]byte, error)
	Index(ctx context.Context) (*vcs.Index, error)
}

// Options are the world of a Pipeline.
type Options struct {
	Root   *fsx.Root     // the project's folder
	Cwd    fsx.Path      // the user's folder, from which targets are seen
	Spec   *spec.Project // the working tree's
	Files  Files
	Cache  Cache
	Git    Git      // nil: there is no repository
	Prefix fsx.Path // of the project's folder, from the top of the repository
	By     string   // who runs, for run records
}

// A Pipeline is the stages of a project as it was read. It is for one
// goroutine. Close it.
type Pipeline struct {
	opt     Options
	tracked map[fsx.Path]bool
	graph   *graph
	look    *look
	books   *books
	guard   proc.Guard

	step func(name string) // tests end the process here; nil: nothing
}

// New checks the stages against one another and returns their Pipeline: cycles,
// and paths that two of them make, are errors.
func New(opt Options) (*Pipeline, error) {
	p := &Pipeline{opt: opt, tracked: map[fsx.Path]bool{}, books: newBooks(opt.Root, opt.Spec.Locks)}
	for _, ptr := range opt.Spec.Pointers {
		p.tracked[ptr.Target()] = true
	}
	var err error
	if p.graph, err = newGraph(opt.Spec.Stages(), slices.Sorted(maps.Keys(p.tracked))); err != nil {
		return nil, err
	}
	p.look = newLook(p)
	return p, nil
}

// Close ends what runs under the pipeline's guard.
func (p *Pipeline) Close() error { return p.guard.Close() }

// at marks a step of running a stage.
func (p *Pipeline) at(step string) {
	if p.step != nil {
		p.step(step)
	}
}

// Where things lie below the project's folder.
const (
	asideDir = fsx.Path(".mlv/aside") // old outs while their stage runs; a folder a stage
	keptDir  = fsx.Path(".mlv/kept")  // what a failed run made, and edits that nothing else has
	logsDir  = fsx.Path(".mlv/logs")
	leaseDir = fsx.Path(".mlv/locks/stages")
)

// slug returns the stage's name as a name of a file. It never ends in a dot
// and letters, since no name of a stage does.
func (n *node) slug() fsx.Path { return fsx.Path(escape(n.name)) }

// escape returns s with all but letters, digits, '_', '-', '@' and '.' as %XX.
// What is too long for the name of a file is cut, and what has capitals would
// be another name's equal on some file systems: a hash keeps both apart.
func escape(s string) string {
	const hexDigits = "0123456789ABCDEF"
	var b []byte
	for i := range len(s) {
		c := s[i]
		if 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '@' || c == '.' && i > 0 {
			b = append(b, c)
		} else {
			b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	if len(b) <= 200 && strings.ToLower(s) == s {
		return string(b)
	}
	return string(b[:min(len(b), 180)]) + "-" + object.Sum([]byte(s)).Short()
}
