// Package vcs reads git: what a revision, the index and the working tree hold.
//
// There are two ways in, and one answer. go-git reads objects without starting
// a program, so that mlv works where git is not installed. The git program
// answers what go-git cannot: repositories of another format, revisions that
// need the reflog, objects that are fetched when they are read. Which of them
// answered is visible only in time.
//
// go-git is never given a revision as a user wrote it: it takes "main@{1}" and
// "HEAD:file" for HEAD. The parser of this package decides.
package vcs

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
)

// Errors that callers tell apart with errors.Is.
var (
	ErrNoRepo    = errors.New("not in a git repository")
	ErrNoCommits = errors.New("the git repository has no commits yet")
	ErrNoGit     = errors.New("the git program was not found")
)

// Hash is the name of a git object: lower-case hex, of 40 or 64 digits. The
// empty Hash names nothing.
type Hash string

// Short returns the first digits of h, for people.
func (h Hash) Short() string { return string(h[:min(len(h), 8)]) }

// Options say how a repository is opened.
type Options struct {
	// Git is the absolute path of the git program. Empty: there is none, and
	// what needs it fails with ErrNoGit.
	Git string

	// Getenv returns the variables of the environment that are meant for this
	// repository: GIT_DIR, GIT_WORK_TREE and GIT_INDEX_FILE are honoured as git
	// honours them, so that mlv works inside a hook of git. Leave it nil for
	// any repository but the one of the working directory: these variables
	// would name the wrong one.
	Getenv func(string) string

	// WorkTree answers for the files of the working tree, from its top. Nil:
	// files are read below the top, following no link that leads out.
	WorkTree fs.FS
}

// Repo is an open repository. Its methods may be called concurrently. Close it.
type Repo struct {
	top     string // empty: bare
	dir     string
	common  string
	prefix  fsx.Path
	config  config
	options Options

	native  *native  // nil: go-git cannot read this repository
	program *program // nil: no git program

	mu      sync.Mutex
	trees   map[Hash][]entry
	index   *Index
	shallow map[Hash]bool
	rules   *conversion
	work    *os.Root
}

// Open finds the repository that holds dir, looking upwards as git does. It
// reads three small files and starts nothing. A program that an answer needs
// is started later and lives until Close or until ctx ends.
//
// The error is ErrNoRepo if there is none.
func Open(ctx context.Context, dir string, o Options) (*Repo, error) {
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	at, err := discover(dir, o.Getenv)
	if err != nil {
		return nil, err
	}
	r := &Repo{
		top: at.top, dir: at.dir, common: at.common, prefix: at.prefix, config: at.config, options: o,
		trees: map[Hash][]entry{},
	}
	if o.Git != "" {
		r.program = newProgram(ctx, o, at)
	}
	if why := at.config.foreign(); why == "" {
		r.native = newNative(r.dir, r.common)
	} else if r.program == nil {
		return nil, errs.At(errs.Other, r.dir, "install git and see that it is on PATH",
			"%w, and the repository needs it: %s", ErrNoGit, why)
	}
	return r, nil
}

// Close ends the program that answered, if one was started, and releases what
// was open.
func (r *Repo) Close() error {
	var all []error
	if r.native != nil {
		all = append(all, r.native.close())
	}
	if r.program != nil {
		all = append(all, r.program.close())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.work != nil {
		all = append(all, r.work.Close())
		r.work = nil
	}
	return errors.Join(all...)
}

// Top returns the folder of the working tree; empty in a bare repository.
func (r *Repo) Top() string { return r.top }

// GitDir returns the folder of this working tree's HEAD and index.
func (r *Repo) GitDir() string { return r.dir }

// CommonDir returns the folder of the objects and branches, which linked
// working trees share.
func (r *Repo) CommonDir() string { return r.common }

// Prefix returns where Open's dir lies below Top.
func (r *Repo) Prefix() fsx.Path { return r.prefix }

// MainTop returns the folder of the main working tree: Top itself unless that
// is a linked one. It is empty where there is none (a bare repository with
// linked working trees) or git does not record it.
func (r *Repo) MainTop() string {
	if r.dir == r.common {
		return r.top
	}
	if r.config.bare {
		return ""
	}
	return mainTop(r.common, r.config)
}

// Linked tells whether the working tree was made by "git worktree add".
func (r *Repo) Linked() bool { return r.dir != r.common }

// needsGit is the error of what only the program can do, when there is none.
func needsGit(what string) error {
	return errs.New(errs.Other, "install git and see that it is on PATH", "%w: %s needs it", ErrNoGit, what)
}

// object returns an object's type and content. errAbsent says that it is not
// here.
func (r *Repo) object(ctx context.Context, h Hash) (object, error) {
	var err error
	if r.native != nil && (r.program == nil || !r.native.heavy()) {
		var o object
		if o, err = r.native.object(ctx, h); err == nil {
			return o, nil
		}
	}
	if r.program != nil {
		return r.program.object(ctx, h)
	}
	if errors.Is(err, errAbsent) && r.config.partial {
		return object{}, needsGit("reading object " + h.Short() + " of a partial clone")
	}
	return object{}, err
}

// An object is what a Hash names.
type object struct {
	kind    string // commit, tree, blob or tag
	content []byte
}

// errAbsent is the error of an object or name that is not here.
var errAbsent = errors.New("not found in the repository")
