module helm-unittest

go 1.26.0

require github.com/helm-unittest/helm-unittest v1.0.1
