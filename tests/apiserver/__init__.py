"""The operator on a real control plane: etcd, kube-apiserver, its controllers and cert-manager; see tests/stage."""
