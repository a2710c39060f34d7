package cli

import (
	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/render"
	"github.com/mlv-dev/mlv/internal/work"
)

// syncFlags declares the flags that push, fetch and pull share.
func (a *App) syncFlags(cmd *cobra.Command, opt *work.SyncOptions) {
	f := cmd.Flags()
	f.StringVarP(&opt.Remote, "remote", "r", "", "`NAME` of the remote, instead of the default one")
	f.BoolVarP(&opt.Scope.Branches, "all-branches", "a", false, "also what the tips of all branches need")
	f.BoolVarP(&opt.Scope.Tags, "all-tags", "T", false, "also what all tags need")
	f.BoolVarP(&opt.Scope.Commits, "all-commits", "A", false, "also what every commit needs")
	f.BoolVarP(&opt.Recursive, "recursive", "R", false, "a folder means everything tracked below it")
	f.IntVarP(&opt.Jobs, "jobs", "j", 0, "use `N` connections at once")
	a.completeFlag(cmd, "remote", remoteNames)
}

const upToDate = "everything is up to date"

// printMoved says how much went to or came from where; nothing of nothing.
func printMoved(p *Printer, verb string, files int, bytes int64, preposition string, remotes []string) {
	if files > 0 {
		p.Line("%s %s %s %s, %s", render.Count(files, "file"), verb, preposition, sentence(remotes), render.Size(bytes))
	}
}
