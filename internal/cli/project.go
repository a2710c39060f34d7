package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/proc"
	"github.com/mlv-dev/mlv/internal/work"
)

// options returns what the core has to know of this invocation.
func (a *App) options(ctx context.Context) work.Options {
	git, err := proc.Find("git")
	if err != nil {
		git = "" // much works without it; what doesn't says so
	}
	opt := work.Options{
		Dir: a.Dir, Git: git, Getenv: a.Env, Environ: os.Environ(), Home: userFolder(),
		Jobs: a.Jobs, Wait: a.Wait, Meter: a.Meter,
	}
	if a.screen.CanAsk() {
		opt.Ask = func(question string) (bool, error) { return a.screen.Ask(ctx, question) }
	}
	return opt
}

// inProject returns the body of a command that works in a project, which is
// open while f runs.
func (a *App) inProject(f func(ctx context.Context, p *work.Project, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) (err error) {
		p, err := work.Open(cmd.Context(), a.options(cmd.Context()))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, p.Close()) }()
		if err := f(cmd.Context(), p, args); err != nil {
			return err
		}
		// The command is done. If its small packs can't be merged now, they are
		// as good as one, and the next command tries again.
		_ = p.Store().Tidy(cmd.Context())
		return nil
	}
}

// settings reads the settings that count in a.Dir.
func (a *App) settings() (*work.Settings, error) {
	return work.OpenSettings(work.SettingsOptions{Dir: a.Dir, Home: userFolder(), Environ: os.Environ()})
}

// userFolder returns the folder of the user's own settings; "" where the
// system knows none.
func userFolder() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "mlv")
}
