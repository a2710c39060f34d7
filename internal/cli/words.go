package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/proc"
)

// A synonym is what mlv calls what another tool has a word for.
type synonym struct{ tool, command, hint string }

func (s synonym) answer(word string) error {
	return errs.New(errs.Usage, s.hint, "%q is a word of %s; mlv's is %s", word, s.tool, s.command)
}

// ours answers words of other tools with ours. Two words come before the first
// of them alone.
var ours = map[string]synonym{
	"track":        {"git-lfs", "add", "run 'mlv add PATH'"},
	"untrack":      {"git-lfs", "remove", "run 'mlv remove PATH'"},
	"ls-files":     {"git-lfs", "list", "run 'mlv list -R'"},
	"lfs":          {"git-lfs", "add", "run 'mlv add PATH' to track data; 'mlv push' and 'mlv pull' move it"},
	"lfs track":    {"git-lfs", "add", "run 'mlv add PATH'"},
	"lfs untrack":  {"git-lfs", "remove", "run 'mlv remove PATH'"},
	"lfs ls-files": {"git-lfs", "list", "run 'mlv list -R'"},
	"lfs install":  {"git-lfs", "init", "run 'mlv init'"},
	"lfs push":     {"git-lfs", "push", "run 'mlv push'"},
	"lfs pull":     {"git-lfs", "pull", "run 'mlv pull'"},
	"lfs fetch":    {"git-lfs", "fetch", "run 'mlv fetch'"},
	"lfs checkout": {"git-lfs", "checkout", "run 'mlv checkout'"},
	"lfs status":   {"git-lfs", "status", "run 'mlv status'"},
	"data":         {"DVC", "status", "run 'mlv status'"},
	"data status":  {"DVC", "status", "run 'mlv status'"},
	"exp":          {"DVC", "repro", "commit each try to a branch; 'mlv repro' runs it, 'mlv metrics diff' compares"},
	"exp run":      {"DVC", "repro", "run 'mlv repro'"},
	"exp show":     {"DVC", "metrics show", "run 'mlv metrics show'"},
	"exp diff":     {"DVC", "metrics diff", "run 'mlv metrics diff'"},
	"experiments":  {"DVC", "repro", "commit each try to a branch; 'mlv repro' runs it, 'mlv metrics diff' compares"},
	"run":          {"DVC", "repro", "write the stage into mlv.yaml, then run 'mlv repro'"},
	"reproduce":    {"DVC", "repro", "run 'mlv repro'"},
	"unprotect":    {"DVC", "checkout", "run 'mlv config set cache.type copy', then 'mlv checkout --relink PATH'"},
	"get-url":      {"DVC", "add", "download the file, then run 'mlv add PATH'"},
	"import-url":   {"DVC", "add", "download the file, then run 'mlv add PATH'"},
	"dvc":          {"DVC", "mlv", "leave it out: 'mlv add', 'mlv repro', 'mlv push'"},
	"save":         {"other tools", "commit", "run 'mlv commit'"},
	"restore":      {"git", "checkout", "run 'mlv checkout PATH'"},
	"clone":        {"git", "pull", "run 'git clone URL', then 'mlv pull' in it"},
	"log":          {"git", "diff", "run 'git log'; 'mlv diff A B' shows what data changed"},
	"log-artifact": {"MLflow", "add", "run 'mlv add PATH'"},
	"log_artifact": {"MLflow", "add", "run 'mlv add PATH'"},
	"artifacts":    {"MLflow", "list", "run 'mlv list'; 'mlv cat PATH' prints a file"},
	"runs":         {"MLflow", "metrics show", "run 'mlv metrics show'"},
}

// stranger returns the place in args of the first word that is no flag, if it
// is no command of ours either.
func (a *App) stranger(root *cobra.Command, args []string) (at int, ok bool) {
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--":
			return 0, false
		case arg == "-C" || arg == "--directory" || arg == "--color":
			i++ // its value
		case !strings.HasPrefix(arg, "-"):
			return i, !a.known(root, arg)
		}
	}
	return 0, false
}

func (a *App) known(root *cobra.Command, word string) bool {
	if word == cobra.ShellCompRequestCmd || word == cobra.ShellCompNoDescRequestCmd {
		return true
	}
	for _, c := range root.Commands() {
		if c.Name() == word || c.HasAlias(word) {
			return true
		}
	}
	return false
}

// foreign answers a first word, args[at], that no command of ours has: it is
// the program mlv-WORD on PATH, or another tool's, or a slip.
func (a *App) foreign(ctx context.Context, root *cobra.Command, args []string, at int) error {
	if err := root.ParseFlags(args[:at]); err != nil {
		return usage(root, err)
	}
	a.begin()
	word, rest := args[at], args[at+1:]
	if program, err := proc.Find("mlv-" + word); err == nil && !strings.ContainsAny(word, `/\`) {
		return a.extend(ctx, proc.Cmd{Path: program, Args: rest, Dir: a.Dir})
	}
	if len(rest) > 0 {
		if known, ok := ours[word+" "+rest[0]]; ok {
			return known.answer(word + " " + rest[0])
		}
	}
	if known, ok := ours[word]; ok {
		return known.answer(word)
	}
	return unknown(root, word)
}

// extend runs a program that extends mlv. What it says and how it ends is its
// own.
func (a *App) extend(ctx context.Context, cmd proc.Cmd) error {
	a.unwatch()
	err := proc.Attach(ctx, cmd)
	if exit, ok := errors.AsType[*proc.ExitError](err); ok && exit.Code > 0 {
		return exited(exit.Code)
	}
	return err
}

// exited is the status of a program that spoke for itself.
type exited int

func (e exited) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// unknown is the error for a word that names no command below cmd.
func unknown(cmd *cobra.Command, word string) error {
	err := errs.New(errs.Usage, "run '"+cmd.CommandPath()+" -h' for the list", "unknown command %q", strings.TrimPrefix(cmd.CommandPath()+" "+word, "mlv "))
	if near := errs.Nearest(word, commandNames(cmd)); len(near) > 0 {
		err.Candidates, err.Hint = near, "did you mean '"+cmd.CommandPath()+" "+near[0]+"'?"
	}
	return err
}

// group returns the command of a noun whose verbs are subs.
func group(use, short, id string, subs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use + " COMMAND", Short: short, GroupID: id,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknown(cmd, args[0])
			}
			return errs.New(errs.Usage, "run '"+cmd.CommandPath()+" -h'", "%s needs one of %s", cmd.Name(), strings.Join(commandNames(cmd), ", "))
		},
	}
	cmd.AddCommand(subs...)
	return cmd
}
