package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// globalFlags declares what every command understands.
func (a *App) globalFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.SortFlags = false
	f.StringVarP(&a.Dir, "directory", "C", ".", "run as if started in `DIR`")
	f.BoolVar(&a.JSON, "json", false, "print the result as JSON")
	f.BoolVarP(&a.Quiet, "quiet", "q", false, "print nothing but errors")
	f.CountVarP(&a.Verbose, "verbose", "v", "say more; twice: requests and programs, too")
	f.Var((*waitValue)(&a.Wait), "wait", "wait for a lock, at most `DUR` if given")
	f.Lookup("wait").NoOptDefVal = forever
	choiceVar(root, f, &a.Color, "color", "auto|always|never", "colour the output: `WHEN` is auto, always or never")
	f.BoolP("help", "h", false, "-h: one screen; --help: the manual page")
	_ = root.RegisterFlagCompletionFunc("directory", folders) // the flag stands above
}

// jobsFlag declares -j.
func (a *App) jobsFlag(cmd *cobra.Command, doc string) {
	cmd.Flags().IntVarP(&a.Jobs, "jobs", "j", 0, doc)
}

// forever is --wait without a duration.
const forever = "forever"

// A waitValue is a duration, negative for ever.
type waitValue time.Duration

func (w *waitValue) Set(s string) error {
	if s == forever {
		*w = -1
		return nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return fmt.Errorf("a duration is like 30s, 5m or 2h")
	}
	*w = waitValue(d)
	return nil
}

func (w *waitValue) Type() string { return "duration" }

func (w *waitValue) String() string {
	switch {
	case *w == 0:
		return ""
	case *w < 0:
		return forever
	}
	return time.Duration(*w).String()
}

// A choice is a flag that takes one of a few words.
type choice struct {
	value *string
	words []string
}

// choiceVar declares a flag that takes one of words ("a|b|c"), of which the
// first is the default, and completes them.
func choiceVar(cmd *cobra.Command, f *pflag.FlagSet, p *string, name, words, doc string) {
	c := &choice{p, strings.Split(words, "|")}
	*p = c.words[0]
	f.Var(c, name, doc)
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(c.words, cobra.ShellCompDirectiveNoFileComp)) // the flag stands above
}

func (c *choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		last := len(c.words) - 1
		return fmt.Errorf("it is %s or %s", strings.Join(c.words[:last], ", "), c.words[last])
	}
	*c.value = s
	return nil
}

func (c *choice) Type() string   { return "word" }
func (c *choice) String() string { return *c.value }

// folders completes folders of the file system.
func folders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// spelling returns how a flag is written, in help and on its manual page:
// "-r, --remote NAME", "--wait[=DUR]".
func spelling(f *pflag.Flag) string {
	value, _ := pflag.UnquoteUsage(f)
	text := "--" + f.Name
	switch {
	case isSwitch(f):
	case f.NoOptDefVal != "":
		text += "[=" + value + "]"
	default:
		text += " " + value
	}
	if f.Shorthand != "" {
		text = "-" + f.Shorthand + ", " + text
	}
	return text
}

// isSwitch tells whether a flag takes no value.
func isSwitch(f *pflag.Flag) bool {
	return f.Value.Type() == "bool" || f.Value.Type() == "boolfunc" || f.Value.Type() == "count"
}

// flagLines lists flags with what they do; hidden ones are left out.
func flagLines(flags *pflag.FlagSet) string {
	var names, docs []string
	width := 0
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name := spelling(f)
		if f.Shorthand == "" {
			name = "    " + name
		}
		_, doc := pflag.UnquoteUsage(f)
		names, docs = append(names, name), append(docs, doc)
		width = max(width, len(name))
	})
	var b strings.Builder
	for i, name := range names {
		fmt.Fprintf(&b, "  %-*s  %s\n", width, name, docs[i])
	}
	return b.String()
}

// flagNames returns the long names of all flags that cmd understands.
func flagNames(cmd *cobra.Command) (names []string) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}
