// Command lookup resolves the names of its arguments, as a pod's own programs would: Debian's static busybox crashes there.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	failed := len(os.Args) < 2
	for _, name := range os.Args[1:] {
		addresses, err := net.DefaultResolver.LookupHost(ctx, name)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			failed = true
			continue
		}
		for _, address := range addresses {
			fmt.Println(name, address)
		}
	}
	if failed {
		os.Exit(1)
	}
}
