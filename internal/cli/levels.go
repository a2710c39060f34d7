package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/render"
	"github.com/mlv-dev/mlv/internal/spec"
)

// levelFlags declares --project, --local and --global, which write into level.
func levelFlags(cmd *cobra.Command, level *spec.Level, verb string) {
	given := false
	for _, l := range []struct {
		name, place string
		level       spec.Level
	}{
		{"project", "mlv.yaml, shared with everyone", spec.AtProject},
		{"local", ".mlv/config.yaml, yours in this clone", spec.AtLocal},
		{"global", "your own file, for all projects", spec.AtUser},
	} {
		cmd.Flags().BoolFunc(l.name, verb+" "+l.place, func(string) error {
			if given && *level != l.level {
				return errors.New("name one of --project, --local and --global")
			}
			given, *level = true, l.level
			return nil
		})
	}
}

// A settingView is a setting as it is shown: no secrets.
type settingView struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

func viewSetting(s spec.Setting) settingView {
	view := settingView{s.Key, s.Text(), s.Origin}
	if s.Secret && view.Value != "" {
		view.Value = "***"
	}
	return view
}

// printSettings prints KEY=VALUE lines, with where they come from if asked.
func printSettings(p *Printer, list []settingView, origin bool) {
	if !origin {
		for _, s := range list {
			p.Line("%s=%s", s.Key, s.Value)
		}
		return
	}
	t := render.Table{Columns: render.Columns("", "")}
	for _, s := range list {
		t.Add(s.Origin, s.Key+"="+s.Value)
	}
	p.Table(t)
}

type settingsResult struct {
	Settings []settingView `json:"settings"`
}
