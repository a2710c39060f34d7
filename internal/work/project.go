package work

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/par"
	"github.com/mlv-dev/mlv/internal/spec"
	"github.com/mlv-dev/mlv/internal/store"
	"github.com/mlv-dev/mlv/internal/vcs"
)

// Options say where a project is looked for and how its commands behave.
type Options struct {
	Dir     string              // the user's folder
	Git     string              // path of the git program; empty: there is none
	Getenv  func(string) string // variables that name a git repository; nil: none
	Environ []string            // variables that are settings: "MLV_JOBS=4"
	Home    string              // folder of the user's own settings; empty: none
	Jobs    int                 // workers; 0: as many as processors
	Wait    time.Duration       // for locks: 0 not at all, negative for ever
	Meter   *par.Meter

	// Ask puts a question to the user; nil: nobody is there to answer.
	Ask func(question string) (bool, error)
}

func (o Options) settings() SettingsOptions {
	return SettingsOptions{Dir: o.Dir, Home: o.Home, Environ: o.Environ}
}

// A Project is an opened working tree. Close it.
type Project struct {
	Root     *fsx.Root
	Cwd      fsx.Path      // the user's folder, below Root
	Repo     *vcs.Repo     // nil: the project lives without git
	Settings *Settings     // of all levels
	Spec     *spec.Project // what the working tree's mlv.yaml, locks and pointers say

	store *store.Store
	links []fsx.LinkKind // how files come out of the cache
	main  *fsx.Root      // .mlv of the main working tree: cache and run records
	own   *fsx.Root      // .mlv of this one: state and locks
	opt   Options
}

// Open opens the project that holds opt.Dir.
func Open(ctx context.Context, opt Options) (*Project, error) {
	dir, err := Find(opt.Dir)
	if err != nil {
		return nil, err
	}
	if opt.Jobs <= 0 {
		opt.Jobs = runtime.GOMAXPROCS(0)
	}
	p := &Project{opt: opt}
	if err := p.open(ctx, dir); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Project) open(ctx context.Context, dir string) (err error) {
	if p.Root, err = fsx.OpenRoot(dir); err != nil {
		return err
	}
	if p.Cwd, err = p.below(p.opt.Dir); err != nil {
		return err
	}
	p.Repo, err = vcs.Open(ctx, dir, vcs.Options{Git: p.opt.Git, Getenv: p.opt.Getenv})
	if errors.Is(err, vcs.ErrNoRepo) {
		p.Repo, err = nil, nil
	}
	if err != nil {
		return err
	}
	if p.Settings, err = OpenSettings(p.opt.settings()); err != nil {
		return err
	}
	if err := p.openStore(ctx); err != nil {
		return err
	}
	return p.Reload(ctx)
}

// Reload reads the working tree's mlv.yaml, locks and pointers again.
func (p *Project) Reload(ctx context.Context) (err error) {
	p.Spec, err = spec.Load(ctx, p.Root.FS(), p.specOptions())
	return err
}

func (p *Project) specOptions() spec.Options {
	above := 0
	if prefix := p.Prefix(); prefix != "" {
		above = strings.Count(string(prefix), "/") + 1
	}
	return spec.Options{Above: above}
}

// openStore opens .mlv. A linked worktree shares the main one's cache and run
// records; what was seen in its files is its own.
func (p *Project) openStore(ctx context.Context) (err error) {
	if p.own, err = fsx.MakeRoot(filepath.Join(p.Root.Dir(), string(mlvDir))); err != nil {
		return err
	}
	p.main = p.own
	if p.Repo != nil && p.Repo.Linked() && p.Repo.MainTop() != "" {
		dir := filepath.Join(p.Repo.MainTop(), filepath.FromSlash(string(p.Prefix())))
		if p.main, err = fsx.MakeRoot(filepath.Join(dir, string(mlvDir))); err != nil {
			return err
		}
	}
	for _, word := range p.Settings.Config.Words("cache.type") {
		kind, err := fsx.ParseLinkKind(word)
		if err != nil {
			return err
		}
		p.links = append(p.links, kind)
	}
	cache := p.Settings.Config.Text("cache.dir")
	if cache != "" && !filepath.IsAbs(cache) {
		cache = filepath.Join(p.Root.Dir(), cache)
	}
	p.store, err = store.Open(ctx, store.Options{
		MLV: p.main, State: p.own, Cache: cache, User: filepath.Dir(p.main.Dir()),
		Loose: p.Settings.Config.Text("cache.small") == "loose", Jobs: p.opt.Jobs,
	})
	return err
}

// Prefix returns where the project's folder lies in the git repository.
func (p *Project) Prefix() fsx.Path {
	if p.Repo == nil {
		return ""
	}
	return p.Repo.Prefix()
}

// Store returns the project's cache and state.
func (p *Project) Store() *store.Store { return p.store }

// Close releases all that was opened.
func (p *Project) Close() error {
	var all []error
	if p.store != nil {
		all = append(all, p.store.Close())
	}
	if p.Repo != nil {
		all = append(all, p.Repo.Close())
	}
	if p.main != nil && p.main != p.own {
		all = append(all, p.main.Close())
	}
	for _, root := range []*fsx.Root{p.own, p.Root} {
		if root != nil {
			all = append(all, root.Close())
		}
	}
	return errors.Join(all...)
}
