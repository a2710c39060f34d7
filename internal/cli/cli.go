// Package cli is mlv's command line: a file for each command, which parses
// flags, calls one function of the core and shows its result.
package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/par"
	"github.com/mlv-dev/mlv/internal/proc"
	"github.com/mlv-dev/mlv/internal/ui"
)

// An App is one invocation: the outside world and the global flags, as far as
// commands may see them.
type App struct {
	In       io.Reader
	Out, Err io.Writer
	Env      func(name string) string

	Dir     string        // -C: paths on the command line are relative to it
	JSON    bool          // --json
	Quiet   bool          // -q
	Verbose int           // -v, counted
	Wait    time.Duration // --wait: how long for a lock; 0 not at all, negative for ever
	Color   string        // --color
	Jobs    int           // -j, of the commands that have it; 0: the core chooses

	Meter   *par.Meter // the core counts here what the screen shows
	screen  *ui.Screen
	unwatch func() // takes the progress line away
}

// commands are the constructors of all commands, each added by its own file.
var commands []func(*App) *cobra.Command

func register(c func(*App) *cobra.Command) bool {
	commands = append(commands, c)
	return true
}

// Main runs mlv and returns its exit status.
func Main() int {
	if code, ok := proc.GuardMain(context.Background(), os.Args); ok {
		return code // this process only watches over the commands of stages
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C kills
	app := &App{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.Getenv}
	return app.Run(ctx, os.Args[1:])
}

// Run runs one command line and returns its exit status.
func (a *App) Run(ctx context.Context, args []string) int {
	a.Meter = new(par.Meter)
	a.unwatch = func() {}
	a.screen = ui.New(ui.Options{In: a.In, Out: a.Out, Err: a.Err, Env: a.Env})
	a.Out, a.Err = a.screen.Out, a.screen.Err
	err := a.dispatch(ctx, args)
	a.unwatch()
	if err != nil && ctx.Err() != nil {
		err = context.Canceled // whatever else it says, Ctrl-C is why
	}
	if status, ok := errors.AsType[exited](err); ok {
		return int(status)
	}
	a.fail(err, args)
	return errs.ExitCode(err)
}

func (a *App) dispatch(ctx context.Context, args []string) error {
	root := a.root()
	if at, ok := a.stranger(root, args); ok {
		return a.foreign(ctx, root, args, at)
	}
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}

// root returns the command tree. It is built anew for each invocation, since
// flags write into a.
func (a *App) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "mlv",
		Short:             "Version data and models alongside git",
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRun:  func(*cobra.Command, []string) { a.begin() },
	}
	asked := root.Flags().Bool("version", false, "print the version of mlv")
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		if *asked {
			return a.showVersion()
		}
		return a.alone(cmd)
	}
	a.globalFlags(root)
	for _, g := range groups {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
	}
	for _, c := range commands {
		cmd := c(a)
		root.AddCommand(cmd)
		if cmd.Name() == "help" {
			root.SetHelpCommand(cmd) // else cobra adds its own
		}
	}
	root.SetHelpFunc(a.help)
	asUsage(root)
	return root
}

// groups order the commands in help.
var groups = []struct{ id, title string }{
	{"start", "Start"},
	{"data", "Data"},
	{"sync", "Sync"},
	{"pipeline", "Pipeline"},
	{"review", "Review"},
	{"plumbing", "Plumbing"},
}

// begin does what every command needs once its flags are known.
func (a *App) begin() {
	if a.Color != "auto" {
		a.screen.Color(a.Color == "always")
	}
	if !a.Quiet {
		a.unwatch = a.screen.Watch(a.Meter)
	}
}

// asUsage gives each error that cobra finds in the command line the class
// Usage and a way to the right words.
func asUsage(cmd *cobra.Command) {
	check := cmd.Args
	if check == nil {
		check = cobra.NoArgs
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error { return usage(cmd, check(cmd, args)) }
	cmd.SetFlagErrorFunc(usage)
	for _, sub := range cmd.Commands() {
		asUsage(sub)
	}
}

func usage(cmd *cobra.Command, err error) error {
	if err == nil || errs.KindOf(err) == errs.Usage {
		return err
	}
	wrong := &errs.Error{Kind: errs.Usage, Hint: "run '" + cmd.CommandPath() + " -h'", Err: err}
	if absent, ok := errors.AsType[*pflag.NotExistError](err); ok && absent.GetSpecifiedShortnames() == "" {
		wrong.Candidates = errs.Nearest(absent.GetSpecifiedName(), flagNames(cmd))
	}
	return wrong
}
