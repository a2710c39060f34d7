package cli

import "github.com/spf13/cobra"

// alone answers mlv without a command.
func (a *App) alone(root *cobra.Command) error { return a.page(root.Context(), overview(root)) }
