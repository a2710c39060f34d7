package transfer

import "github.com/mlv-dev/mlv/internal/object"

// Where things lie on a remote; docs/format/remote.md is the law.
const (
	recordPrefix = "r/"
	gcPrefix     = "g/"
	readmeKey    = "README.txt"
)

func recordKey(root object.ID) string { return shard(recordPrefix, root) }

func containerKey(k kind, key object.ID) string {
	if k == inNodes {
		return shard("t/", key)
	}
	return shard("c/", key)
}

func shard(prefix string, id object.ID) string {
	hex := id.String()
	return prefix + hex[:2] + "/" + hex
}

// readme is what a person finds who looks into the remote without mlv.
const readme = `This folder belongs to mlv, which versions data and models with git.

Everything here is content under names that are hashes; what it means is in
the git repository whose mlv.yaml has "project:" with this folder's name.

  c/  containers of file contents     t/  containers of directory listings
  r/  records: where a version lies   g/  marks of a garbage collection

Nothing may be deleted by hand: one container holds many files of many
versions. "mlv gc -c" deletes what no version needs. To get data back:

  git clone REPOSITORY && cd REPOSITORY && mlv pull

The formats are open, and a short script can read them without mlv:
see docs/format/ in the source of mlv.
`
