package cli

import (
	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/review"
)

var _ = register(newParams)

func newParams(a *App) *cobra.Command {
	return group("params", "Look at the values that stages are run with", "review",
		a.valueDiff("Param", "Compare params of two revisions", review.ParamsDiff))
}
