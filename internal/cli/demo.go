package cli

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/demo"
)

var _ = register(newDemo)

func newDemo(a *App) *cobra.Command {
	var opt demo.Options
	var pause bool
	cmd := &cobra.Command{
		Use:               "demo [DIR]",
		Short:             "See what mlv does, told with real commands",
		GroupID:           "start",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: folders,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			opt.Dir = filepath.Join(a.Dir, "mlv-demo")
			if len(args) > 0 {
				opt.Dir = args[0]
			}
			if opt.MLV, err = os.Executable(); err != nil {
				return err
			}
			if opt.Out = a.Out; a.JSON {
				opt.Out = a.Err // stdout is for the result
			}
			if pause {
				opt.Next = a.waitForEnter
			}
			a.unwatch()
			done, err := demo.Run(cmd.Context(), opt)
			if err != nil {
				return err
			}
			return show(a, done, func(*Printer, demo.Result) {}) // the story has said it
		},
	}
	cmd.Flags().BoolVar(&opt.Fast, "fast", false, "do not wait for the reader")
	cmd.Flags().BoolVar(&pause, "pause", false, "wait for Enter between steps")
	return cmd
}

// waitForEnter waits until the user presses Enter.
func (a *App) waitForEnter(context.Context) error {
	fmt.Fprint(a.Err, "press Enter to go on ")
	_, err := bufio.NewReader(a.In).ReadString('\n')
	return err
}
