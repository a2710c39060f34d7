// Mlv versions data and models alongside git.
package main

import (
	"os"

	"github.com/mlv-dev/mlv/internal/cli"
)

func main() { os.Exit(cli.Main()) }
