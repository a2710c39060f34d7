package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/docs"
	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/spec"
)

// A topic is a page of help that no command has.
type topic struct {
	name, short string
	page        func(root *cobra.Command) string
}

// topics are in the order of the list. What stands in a table of the program
// is printed from it; the rest is docs/topics/NAME.md.
var topics = []topic{
	{"environment", "variables that mlv reads", environmentPage},
	{"exit-codes", "what a script learns from the exit code", exitCodesPage},
	{"revisions", "how to name a version", written("revisions")},
	{"config", "every setting", configPage},
	{"json", "the form of --json", written("json")},
	{"ignore", "files that mlv leaves alone", written("ignore")},
	{"errors", "how to read an error", written("errors")},
	{"plumbing", "commands for scripts, hooks and other programs", plumbingPage},
}

func topicNamed(name string) (topic, bool) {
	for _, t := range topics {
		if t.name == name {
			return t, true
		}
	}
	return topic{}, false
}

func topicList() string {
	var b strings.Builder
	for _, t := range topics {
		fmt.Fprintf(&b, "  %-11s  %s\n", t.name, t.short)
	}
	return b.String()
}

// written returns the page docs/topics/name.md. A test holds that it exists.
func written(name string) func(*cobra.Command) string {
	return func(*cobra.Command) string {
		page, err := docs.Pages.ReadFile("topics/" + name + ".md")
		if err != nil {
			return err.Error() + "\n"
		}
		return plainPage(string(page))
	}
}

// environment lists the variables that mlv itself reads, beside MLV_ and the
// name of a configuration key.
var environment = []struct{ name, doc string }{
	{"MLV_PAGER, PAGER", "the program that shows long pages; default less, cat for none"},
	{"LESS", "options of less; default FRX"},
	{"NO_COLOR", "set to anything: no colour"},
	{"CLICOLOR_FORCE", "set to anything but 0: colour without a terminal, too"},
	{"MLV_FORCE_TTY", "behave as on a terminal of that many columns, for tests"},
	{"TERM", "dumb: neither colour nor a progress line"},
}

func environmentPage(*cobra.Command) string {
	var b strings.Builder
	b.WriteString("Environment\n\n")
	for _, v := range environment {
		fmt.Fprintf(&b, "  %-16s  %s\n", v.name, v.doc)
	}
	b.WriteString("\nStages run with MLV_ROOT, the project's folder, and MLV_STAGE, their name.\n")
	return b.String()
}

func configPage(*cobra.Command) string {
	var b strings.Builder
	b.WriteString("Settings\n\nThe nearest of: a flag, the environment, local, global, project, default.\n" +
		"Those marked * act on whoever sets them and may not stand in mlv.yaml.\n\n")
	for _, k := range spec.Keys() {
		mark := " "
		if k.Personal {
			mark = "*"
		}
		fmt.Fprintf(&b, "%s %s\n      %s\n", mark, k.Name, k.Doc)
		if words := choices(k); len(words) > 0 {
			fmt.Fprintf(&b, "      %s\n", strings.Join(words, ", "))
		}
		if k.Default != "" {
			fmt.Fprintf(&b, "      default %s\n", k.Default)
		}
	}
	b.WriteString("\nIn the environment a key is written " + spec.Env("cache.type") + ", " + spec.Env("remotes.NAME.url") + ".\n")
	return b.String()
}

func exitCodesPage(*cobra.Command) string {
	var b strings.Builder
	b.WriteString("Exit codes\n\n")
	for _, e := range errs.Exits() {
		fmt.Fprintf(&b, "  %3d  %-11s  %s\n", e.Code, e.Name, e.Doc)
	}
	b.WriteString("\nThe word is \"kind\" in the error that --json prints.\n" +
		"When several things fail, the gravest decides: 6, then 5, then the first.\n")
	return b.String()
}

func plumbingPage(root *cobra.Command) string {
	return "Commands for scripts, hooks and other programs\n\n" + verbs(inGroup(root, "plumbing")) +
		"\nA program mlv-NAME on PATH is the command mlv NAME; it gets the arguments after NAME.\n"
}
