package cli

import (
	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/spec"
)

func newConfigSet(a *App) *cobra.Command {
	level := spec.AtLocal
	cmd := &cobra.Command{
		Use:               "set KEY VALUE",
		Short:             "Give a setting a value",
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: a.complete(at(settingKeys, settingValues)),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := a.settings()
			if err != nil {
				return err
			}
			if err := s.Set(level, args[0], args[1]); err != nil {
				return err
			}
			return show(a, settingView{Key: args[0], Value: args[1], Origin: level.String()}, func(*Printer, settingView) {})
		},
	}
	levelFlags(cmd, &level, "write into")
	return cmd
}

func newConfigUnset(a *App) *cobra.Command {
	level := spec.AtLocal
	cmd := &cobra.Command{
		Use:               "unset KEY",
		Short:             "Take a setting back",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.complete(at(settingKeys)),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := a.settings()
			if err != nil {
				return err
			}
			had, err := s.Unset(level, args[0])
			if err == nil && !had {
				err = errNo
			}
			return err
		},
	}
	levelFlags(cmd, &level, "remove from")
	return cmd
}
