package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/mlv-dev/mlv/internal/proc"
)

// page prints text of ours that may be longer than the screen: then through
// the pager that the environment names, or less.
func (a *App) page(ctx context.Context, text string) error {
	a.unwatch()
	out := a.screen.Out
	if height := out.Height(); height > 0 && strings.Count(text, "\n") >= height {
		if pager, ok := a.pager(); ok {
			pager.Stdin = strings.NewReader(text)
			return proc.Attach(ctx, pager)
		}
	}
	if _, err := io.WriteString(out, text); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

// pager returns the program that shows long text; "cat" means none.
func (a *App) pager() (proc.Cmd, bool) {
	line := "less"
	for _, name := range []string{"PAGER", "MLV_PAGER"} {
		if value := a.Env(name); value != "" {
			line = value
		}
	}
	words := strings.Fields(line)
	if len(words) == 0 || words[0] == "cat" {
		return proc.Cmd{}, false
	}
	path, err := proc.Find(words[0])
	cmd := proc.Cmd{Path: path, Args: words[1:]}
	if a.Env("LESS") == "" {
		cmd.Env = []string{"LESS=FRX"}
	}
	return cmd, err == nil
}
