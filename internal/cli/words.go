package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/errs"
)

// ours answers words of other tools with ours; "" stands for what mlv has no
// command for, which is said in the hint. Words of two parts come before
// their first part alone.
var ours = map[string]struct{ tool, command, hint string }{
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

// stranger returns the first word of args that is no flag, and what follows
// it, if it is no command of ours.
func (a *App) stranger(root *cobra.Command, args []string) (word string, rest []string, ok bool) {
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--":
			return "", nil, false
		case arg == "-C" || arg == "--directory" || arg == "--color":
			i++ // its value
		case strings.HasPrefix(arg, "-"):
		default:
			return arg, args[i+1:], !a.known(root, arg)
		}
	}
	return "", nil, false
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

// foreign answers a first word that no command of ours has.
func (a *App) foreign(_ context.Context, root *cobra.Command, word string, rest []string) error {
	if len(rest) > 0 {
		if known, ok := ours[word+" "+rest[0]]; ok {
			return errs.New(errs.Usage, known.hint, "%q is a word of %s; mlv's is %s", word+" "+rest[0], known.tool, known.command)
		}
	}
	if known, ok := ours[word]; ok {
		return errs.New(errs.Usage, known.hint, "%q is a word of %s; mlv's is %s", word, known.tool, known.command)
	}
	return unknown(root, word)
}

// unknown is the error for a word that names no command below cmd.
func unknown(cmd *cobra.Command, word string) error {
	err := errs.New(errs.Usage, "run '"+cmd.CommandPath()+" -h' for the list", "unknown command %q", strings.TrimPrefix(cmd.CommandPath()+" "+word, "mlv "))
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		err.Candidates = near
		err.Hint = "did you mean '" + cmd.CommandPath() + " " + near[0] + "'?"
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
			var verbs []string
			for _, sub := range cmd.Commands() {
				verbs = append(verbs, sub.Name())
			}
			return &errs.Error{
				Kind: errs.Usage, Candidates: verbs, Hint: "run '" + cmd.CommandPath() + " -h'",
				Err: fmt.Errorf("%s needs a command", cmd.Name()),
			}
		},
	}
	cmd.AddCommand(subs...)
	return cmd
}
