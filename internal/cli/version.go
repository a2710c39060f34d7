package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

var _ = register(newVersion)

func newVersion(a *App) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of mlv",
		GroupID: "start",
		RunE:    func(*cobra.Command, []string) error { return a.showVersion() },
	}
}

func (a *App) showVersion() error {
	return show(a, buildVersion(), func(p *Printer, v Version) {
		p.Line("mlv %s %s %s", v.MLV, v.Platform, v.Go)
	})
}

// A Version says which program this is.
type Version struct {
	MLV      string `json:"mlv"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"` // built from files that differ from Commit
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// buildVersion returns what the Go linker recorded in this program.
func buildVersion() Version {
	v := Version{MLV: "(unknown)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.MLV = info.Main.Version
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			v.Commit = setting.Value
		case "vcs.modified":
			v.Modified = setting.Value == "true"
		}
	}
	return v
}
