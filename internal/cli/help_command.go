package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/errs"
)

var _ = register(newHelp)

func newHelp(a *App) *cobra.Command {
	return &cobra.Command{
		Use:               "help [COMMAND|TOPIC]",
		Short:             "Show the manual page of a command or topic",
		GroupID:           "start",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: helpNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := helpFor(cmd.Root(), args)
			if err != nil {
				return err
			}
			return a.page(cmd.Context(), text)
		},
	}
}

// helpFor returns the page that words name.
func helpFor(root *cobra.Command, words []string) (string, error) {
	if len(words) == 0 {
		return overview(root) + "\ntopics: 'mlv help TOPIC'\n" + topicList(), nil
	}
	t, isTopic := topicNamed(strings.Join(words, " "))
	cmd, rest, err := root.Find(words)
	switch isCommand := err == nil && cmd != root && len(rest) == 0; {
	case isCommand && isTopic: // config: the command, and all that can be set with it
		return manual(cmd) + "\n" + t.page(root), nil
	case isCommand:
		return manual(cmd), nil
	case isTopic:
		return t.page(root), nil
	}
	word := strings.Join(words, " ")
	unknown := errs.New(errs.Usage, "run 'mlv help' for the list", "no command or topic %q", word)
	if near := errs.Nearest(word, allHelp(root)); len(near) > 0 {
		unknown.Candidates, unknown.Hint = near, "did you mean 'mlv help "+near[0]+"'?"
	}
	return "", unknown
}

// helpNames completes the words after help.
func helpNames(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	at, _, err := cmd.Root().Find(args)
	if err != nil || at != cmd.Root() {
		return commandNames(at), cobra.ShellCompDirectiveNoFileComp
	}
	return allHelp(cmd.Root()), cobra.ShellCompDirectiveNoFileComp
}

// allHelp returns all commands and topics that have a page.
func allHelp(root *cobra.Command) []string {
	names := commandNames(root)
	for _, t := range topics {
		names = append(names, t.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func commandNames(cmd *cobra.Command) (names []string) {
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	return names
}
