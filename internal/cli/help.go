package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/docs"
)

// help answers -h with one screen and --help with the manual page. args is the
// whole command line.
func (a *App) help(cmd *cobra.Command, args []string) {
	a.begin()
	text := screenful(cmd)
	if slices.Contains(args, "--help") {
		text = manual(cmd)
	}
	_ = a.page(cmd.Context(), text) // help that can't be printed has nowhere to say so
}

// pageName returns the name of cmd's manual page: its words joined by "-".
func pageName(cmd *cobra.Command) string {
	return strings.ReplaceAll(strings.TrimPrefix(cmd.CommandPath(), "mlv "), " ", "-")
}

// manual returns the manual page of cmd as text for a terminal. A test holds
// that there is one.
func manual(cmd *cobra.Command) string {
	page, err := docs.Pages.ReadFile("cli/" + pageName(cmd) + ".md")
	if err != nil {
		return screenful(cmd)
	}
	return plainPage(string(page))
}

// plainPage returns a page of Markdown without its marks. Pages are written to
// be read as they stand: lines of at most 80 columns, lists, indented code.
func plainPage(md string) string {
	var b strings.Builder
	code := false
	for line := range strings.Lines(md) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			code = !code
			continue
		case code:
			if line != "" {
				line = "    " + line
			}
		case strings.HasPrefix(line, "# "):
			line = line[len("# "):]
		case strings.HasPrefix(line, "#"):
			line = strings.ToUpper(strings.TrimLeft(line, "# "))
		default:
			line = strings.NewReplacer("`", "", "**", "", `\|`, "|").Replace(line)
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// screenful returns what -h shows: what cmd is for, its form, its flags.
func screenful(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return overview(cmd)
	}
	var b strings.Builder
	b.WriteString(cmd.Short + "\n\nusage: " + form(cmd) + "\n")
	if len(cmd.Aliases) > 0 {
		b.WriteString("also:  " + strings.Join(cmd.Aliases, ", ") + "\n")
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\n" + verbs(cmd.Commands()))
	}
	if flags := flagLines(cmd.LocalNonPersistentFlags()); flags != "" {
		b.WriteString("\nflags:\n" + flags)
	}
	b.WriteString("\n'" + cmd.CommandPath() + " --help' is the manual page; global flags: 'mlv -h'\n")
	return b.String()
}

// form returns the form of cmd's command line.
func form(cmd *cobra.Command) string {
	name, operands, _ := strings.Cut(cmd.Use, " ")
	words := []string{strings.TrimSuffix(cmd.CommandPath(), cmd.Name()) + name}
	if cmd.LocalNonPersistentFlags().HasAvailableFlags() {
		words = append(words, "[flags]")
	}
	if operands != "" {
		words = append(words, operands)
	}
	return strings.Join(words, " ")
}

// overview lists all commands, by group, and the global flags.
func overview(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString(root.Short + "\n\nusage: mlv COMMAND [flags] [arguments]\n")
	for _, g := range root.Groups() {
		if members := inGroup(root, g.ID); len(members) > 0 {
			b.WriteString("\n" + g.Title + "\n" + verbs(members))
		}
	}
	b.WriteString("\nglobal flags:\n" + flagLines(root.PersistentFlags()))
	b.WriteString("\n'mlv COMMAND -h' shows one screen, 'mlv COMMAND --help' the manual page\n")
	return b.String()
}

func inGroup(root *cobra.Command, id string) (members []*cobra.Command) {
	for _, c := range root.Commands() {
		if c.GroupID == id {
			members = append(members, c)
		}
	}
	return members
}

// verbs lists commands with what they are for.
func verbs(commands []*cobra.Command) string {
	width := 0
	for _, c := range commands {
		width = max(width, len(c.Name()))
	}
	var b strings.Builder
	for _, c := range commands {
		b.WriteString("  " + c.Name() + strings.Repeat(" ", width-len(c.Name())+2) + c.Short + "\n")
	}
	return b.String()
}
