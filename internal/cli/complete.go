package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/spec"
	"github.com/mlv-dev/mlv/internal/value"
)

// A completer returns the words that the next argument can be, after args. It
// uses no network, and leaves out what it can't find out by the end of ctx.
type completer func(ctx context.Context, a *App, args []string) []string

// patience is how long completing may take.
const patience = 30 * time.Millisecond

// complete makes f the completer of a command's arguments. Where f knows
// nothing that begins with the word, names of files are offered, since a path
// may lie inside a tracked folder.
func (a *App) complete(f completer) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), patience)
		defer cancel()
		var fit []string
		for _, s := range f(ctx, a, args) {
			if strings.HasPrefix(s, word) && !slices.Contains(args, s) {
				fit = append(fit, s)
			}
		}
		if len(fit) == 0 && strings.Contains(word, "/") {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return fit, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFlag makes f the completer of a flag's value.
func (a *App) completeFlag(cmd *cobra.Command, name string, f completer) {
	_ = cmd.RegisterFlagCompletionFunc(name, a.complete(f)) // the flag stands above the call
}

// at gives each position a completer of its own.
func at(each ...completer) completer {
	return func(ctx context.Context, a *App, args []string) []string {
		if len(args) < len(each) {
			return each[len(args)](ctx, a, args)
		}
		return nil
	}
}

// settingKeys returns the keys of all settings, with the names of the remotes
// that there are.
func settingKeys(ctx context.Context, a *App, _ []string) (names []string) {
	remotes := remoteNames(ctx, a, nil)
	for _, k := range spec.Keys() {
		if !strings.Contains(k.Name, "NAME") {
			names = append(names, k.Name)
			continue
		}
		for _, r := range remotes {
			names = append(names, strings.Replace(k.Name, "NAME", r, 1))
		}
	}
	return names
}

// settingValues returns the values that the key before may have.
func settingValues(_ context.Context, _ *App, args []string) []string { return valuesOf(args[0]) }

func valuesOf(key string) []string {
	for _, k := range spec.Keys() {
		if strings.HasSuffix(k.Name, "NAME."+key[strings.LastIndexByte(key, '.')+1:]) || k.Name == key {
			return choices(k)
		}
	}
	return nil
}

// remoteNames returns the names of the remotes.
func remoteNames(_ context.Context, a *App, _ []string) (names []string) {
	s, err := a.settings()
	if err != nil {
		return nil
	}
	for _, r := range s.Config.Remotes() {
		names = append(names, r.Name)
	}
	return names
}

// remoteFields returns the last parts of the keys of remotes.
func remoteFields(context.Context, *App, []string) (fields []string) {
	for _, k := range spec.Keys() {
		if field, ok := strings.CutPrefix(k.Name, "remotes.NAME."); ok {
			fields = append(fields, field)
		}
	}
	return fields
}

// nothing is the completer of what only the user knows, such as a new name.
func nothing(context.Context, *App, []string) []string { return nil }

// choices returns what the value of a key can be, if that is a few words.
func choices(k spec.Key) []string {
	if k.Kind == value.Bool {
		return []string{"true", "false"}
	}
	return k.Words
}
