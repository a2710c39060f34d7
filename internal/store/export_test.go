package store

import (
	"fmt"

	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
)

// CheckPack checks a whole pack, and that name is its name.
func CheckPack(b []byte, name string) error {
	if len(b) < pack.TrailerSize {
		return fmt.Errorf("%d bytes", len(b))
	}
	n, err := pack.FooterSize(b[len(b)-pack.TrailerSize:], int64(len(b)))
	if err != nil {
		return err
	}
	end := b[int64(len(b))-n:]
	foot, err := pack.ParseFooter(end, int64(len(b)))
	if err != nil {
		return err
	}
	if want := object.Sum(end).String() + packExt; name != want {
		return fmt.Errorf("its name is to be %s", want)
	}
	for _, f := range foot.Frames() {
		if object.Sum(b[f.Offset:][:f.Stored]) != f.Hash {
			return fmt.Errorf("frame %s is damaged", f.Hash)
		}
	}
	return nil
}
