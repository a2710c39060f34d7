package cli

import (
	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/spec"
)

var _ = register(newConfig)

func newConfig(a *App) *cobra.Command {
	return group("config", "Read and change settings", "start",
		newConfigGet(a), newConfigSet(a), newConfigUnset(a), newConfigList(a))
}

func newConfigGet(a *App) *cobra.Command {
	var level spec.Level
	var origin bool
	cmd := &cobra.Command{
		Use:               "get KEY",
		Short:             "Print the value of a setting",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.complete(at(settingKeys)),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := a.settings()
			if err != nil {
				return err
			}
			got, ok, err := s.Get(args[0], level)
			if err != nil {
				return err
			}
			if !ok {
				return errNo
			}
			return show(a, viewSetting(got), func(p *Printer, v settingView) {
				if origin {
					p.Line("%s  %s", v.Origin, v.Value)
					return
				}
				p.Line("%s", v.Value)
			})
		},
	}
	levelFlags(cmd, &level, "only what stands in")
	cmd.Flags().BoolVar(&origin, "show-origin", false, "also print where the value comes from")
	return cmd
}

func newConfigList(a *App) *cobra.Command {
	var level spec.Level
	var origin bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List all settings that have a value",
		RunE: func(*cobra.Command, []string) error {
			s, err := a.settings()
			if err != nil {
				return err
			}
			list, err := s.List(level)
			if err != nil {
				return err
			}
			result := settingsResult{Settings: []settingView{}}
			for _, s := range list {
				result.Settings = append(result.Settings, viewSetting(s))
			}
			return show(a, result, func(p *Printer, r settingsResult) { printSettings(p, r.Settings, origin) })
		},
	}
	levelFlags(cmd, &level, "only what stands in")
	cmd.Flags().BoolVar(&origin, "show-origin", false, "also print where each value comes from")
	return cmd
}
