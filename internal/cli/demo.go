package cli

import (
	"context"
	"fmt"
	"io"
	"os"

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
			opt.Dir = under(a.Dir, append(args, "mlv-demo")[0])
			if opt.MLV, err = os.Executable(); err != nil {
				return err
			}
			switch opt.Out = a.Out; {
			case a.Quiet:
				opt.Out = io.Discard
			case a.JSON:
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

// waitForEnter waits until the user presses Enter, and reads no byte beyond:
// the next step waits for another. The end of the input goes on, too.
func (a *App) waitForEnter(ctx context.Context) error {
	fmt.Fprint(a.Err, "press Enter to go on ")
	for b := []byte{0}; b[0] != '\n'; {
		if _, err := a.In.Read(b); err == io.EOF { //nolint:errorlint // as readers return it
			break
		} else if err != nil {
			return err
		}
	}
	return ctx.Err()
}
