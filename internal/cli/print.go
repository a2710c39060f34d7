package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/render"
	"github.com/mlv-dev/mlv/internal/ui"
	"github.com/mlv-dev/mlv/internal/work"
)

// few is how many paths of a kind are printed before the rest is counted.
const few = 20

// Paths prints a line for each path, after a mark in the colour of role. Of
// many it prints some and counts the others; -v prints all.
func (p *Printer) Paths(role ui.Role, mark string, paths []string) {
	list := paths
	if len(list) > few && !p.all {
		list = list[:few/2]
	}
	for _, path := range list {
		p.Line("%s  %s", p.Paint(role, mark), path)
	}
	if rest := len(paths) - len(list); rest > 0 {
		p.Line("   and %s more (-v prints all)", render.Number(int64(rest)))
	}
}

// Changes prints what a command changed in the working tree, and a summary;
// nothing where nothing changed.
func (p *Printer) Changes(c work.Changes) {
	p.Paths(ui.Warn, "M", c.Modified)
	p.Paths(ui.Good, "A", c.Added)
	p.Paths(ui.Bad, "D", c.Deleted)
	var counts []string
	for _, n := range []struct {
		count int
		what  string
	}{{len(c.Modified), "modified"}, {len(c.Added), "added"}, {len(c.Deleted), "deleted"}} {
		if n.count > 0 {
			counts = append(counts, render.Count(n.count, "file")+" "+n.what)
		}
	}
	if len(counts) > 0 {
		p.Line("%s", sentence(counts))
	}
}

// sentence joins words as people do: "a", "a and b", "a, b and c".
func sentence(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// GitAdd prints the command that tells git of files, which the user runs.
func (p *Printer) GitAdd(names []string) {
	var words []string
	for _, name := range names {
		if word := quote(name); !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	if len(words) > 0 {
		p.Line("git add %s", strings.Join(words, " "))
	}
}

// quote returns a word as a shell reads it.
func quote(word string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+=:,@%-"
	if word != "" && strings.Trim(word, plain) == "" && word[0] != '-' {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// stage tells git of files if the user wants that, and returns those that the
// user is to be told of instead.
func (a *App) stage(ctx context.Context, p *work.Project, names []string) ([]string, error) {
	done, err := p.Stage(ctx, names)
	if done || p.Repo == nil {
		return nil, err
	}
	return names, err
}
