package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mlv-dev/mlv/docs"
)

// everyCommand calls f for each command but the root.
func everyCommand(t *testing.T, f func(t *testing.T, cmd *cobra.Command)) {
	seen := 0
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			seen++
			t.Run(pageName(sub), func(t *testing.T) { f(t, sub) })
			walk(sub)
		}
	}
	walk(new(App).root())
	if seen == 0 {
		t.Fatal("no command was checked")
	}
}

func TestEveryCommandHasAPageAndEveryPageACommand(t *testing.T) {
	names := map[string]bool{"mlv": true}
	everyCommand(t, func(t *testing.T, cmd *cobra.Command) {
		names[pageName(cmd)] = true
		page := readPage(t, pageName(cmd))
		if title := "# " + cmd.CommandPath() + "\n"; !strings.HasPrefix(page, title) {
			t.Errorf("the page does not begin with %q", title)
		}
		for _, section := range []string{"Synopsis", "Description", "Examples", "Exit codes"} {
			if !strings.Contains(page, "\n## "+section+"\n") && !cmd.HasSubCommands() {
				t.Errorf("the page has no section %s", section)
			}
		}
		for i, line := range strings.Split(page, "\n") {
			if len([]rune(line)) > 80 {
				t.Errorf("line %d is longer than 80 columns", i+1)
			}
		}
	})
	pages, err := fs.Glob(docs.Pages, "cli/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if name := strings.TrimSuffix(strings.TrimPrefix(page, "cli/"), ".md"); !names[name] {
			t.Errorf("%s is the page of no command", page)
		}
	}
}

func TestPagesListTheFlagsThatCommandsHave(t *testing.T) {
	everyCommand(t, func(t *testing.T, cmd *cobra.Command) {
		page := readPage(t, pageName(cmd))
		if diff := cmp.Diff(flagsOf(cmd.LocalNonPersistentFlags()), flagsOnPage(page)); diff != "" {
			t.Errorf("flags (-command +page):\n%s", diff)
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) { // another tool's word for a flag stands in the text
			if f.Hidden && !strings.Contains(page, "`--"+f.Name+"`") {
				t.Errorf("the page does not mention --%s", f.Name)
			}
		})
	})
	root := new(App).root()
	if diff := cmp.Diff(flagsOf(root.PersistentFlags()), flagsOnPage(readPage(t, "mlv"))); diff != "" {
		t.Errorf("global flags (-command +page):\n%s", diff)
	}
}

func readPage(t *testing.T, name string) string {
	t.Helper()
	page, err := docs.Pages.ReadFile("cli/" + name + ".md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func flagsOf(flags *pflag.FlagSet) (spellings []string) {
	flags.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			spellings = append(spellings, spelling(f))
		}
	})
	slices.Sort(spellings)
	return spellings
}

var option = regexp.MustCompile("(?m)^- `(-[^`]*)`")

// flagsOnPage returns the items of a page's section Options.
func flagsOnPage(page string) (spellings []string) {
	_, section, _ := strings.Cut(page, "\n## Options\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, m := range option.FindAllStringSubmatch(section, -1) {
		spellings = append(spellings, m[1])
	}
	slices.Sort(spellings)
	return spellings
}

// free are the values of flags that only the user knows.
var free = []string{"N", "DUR", "VALUE", "URL", "TEXT", "A-B", "KEY=VALUE", "PATTERN"}

func TestEveryArgumentAndFlagIsCompleted(t *testing.T) {
	everyCommand(t, func(t *testing.T, cmd *cobra.Command) {
		if _, operands, _ := strings.Cut(cmd.Use, " "); operands != "" && !cmd.HasSubCommands() &&
			cmd.ValidArgsFunction == nil && len(cmd.ValidArgs) == 0 {
			t.Errorf("the arguments %s have no completer", operands)
		}
		cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			value, _ := pflag.UnquoteUsage(f)
			if _, ok := cmd.GetFlagCompletionFunc(f.Name); ok || isSwitch(f) || slices.Contains(free, value) {
				return
			}
			t.Errorf("the value %s of --%s has no completer", value, f.Name)
		})
	})
}

func TestEveryCommandHasScripts(t *testing.T) {
	for _, cmd := range new(App).root().Commands() {
		scripts, err := fs.Glob(os.DirFS("../../testdata/script"), cmd.Name()+"/*.txtar")
		if err != nil || len(scripts) == 0 {
			t.Errorf("testdata/script/%s has no script (%v)", cmd.Name(), err)
		}
	}
}

func TestEveryCommandIsInAGroup(t *testing.T) {
	root := new(App).root()
	for _, cmd := range root.Commands() {
		if cmd.GroupID == "" || !root.ContainsGroup(cmd.GroupID) {
			t.Errorf("%s is in the group %q: help does not list it", cmd.Name(), cmd.GroupID)
		}
	}
}

func TestEveryTopicHasAPage(t *testing.T) {
	root := new(App).root()
	written := 0
	for _, topic := range topics {
		page := topic.page(root)
		if len(page) < 100 {
			t.Errorf("%s: %q", topic.name, page)
		}
		if _, err := docs.Pages.ReadFile("topics/" + topic.name + ".md"); err == nil {
			written++
		}
	}
	if pages, err := fs.Glob(docs.Pages, "topics/*.md"); err != nil || written != len(pages) {
		t.Errorf("%d of %d pages of topics are shown (%v)", written, len(pages), err)
	}
}

// variable finds the literal names that the environment is asked for.
var variable = regexp.MustCompile(`Env\("([A-Z_]+)"\)`)

func TestEveryVariableThatIsReadIsDocumented(t *testing.T) {
	var known strings.Builder
	for _, v := range environment {
		known.WriteString(v.name + " ")
	}
	found := 0
	for _, folder := range []string{".", "../ui"} {
		files, err := filepath.Glob(folder + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range variable.FindAllStringSubmatch(string(src), -1) {
				if found++; !strings.Contains(known.String(), m[1]) {
					t.Errorf("%s reads %s, which mlv help environment does not list", name, m[1])
				}
			}
		}
	}
	if found == 0 {
		t.Error("no variable was found")
	}
}
