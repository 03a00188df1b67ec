import GoTemplate
import KeptnModel

/// `PROVIDER/sli.yaml`.
extension SLI {
    init(reading root: Place) {
        let file = root.fields(["spec_version", "indicators"])
        self.init(specVersion: file["spec_version"]?.text() ?? "", indicators: [:])
        for (name, place) in file["indicators"]?.namedMembers() ?? [] {
            if case .mapping = place.node.content {
                requests[name] = SLIWebQuery(reading: place)
            } else {
                indicators[name] = place.node.isNull ? "" : place.text()
            }
        }
        if indicators.isEmpty, requests.isEmpty, !root.findings.hasErrors {
            root.warning("the file has no 'indicators'")
        }
    }
}

extension SLIWebQuery {
    fileprivate init?(reading place: Place) {
        let fields = place.fields(["method", "path", "headers", "body", "value", "samples", "unit", "scale"])
        func template(_ key: String) -> String? {
            fields[key]?.checkTemplate()
            return fields[key]?.text()
        }
        func selector(_ key: String) -> JSONSelector? {
            guard let place = fields[key] else { return nil }
            let selector = JSONSelector(place.text())
            if selector == nil { place.mismatch("a path in the answer, such as series[0].points[-1][1]") }
            return selector
        }
        _ = (fields.required("path"), fields.required("value"))
        fields["method"]?.expectWord(["GET", "POST"])
        let unit = fields["unit"].map { place in
            let known = Self.units.first { $0.name == place.text() }
            if known == nil { place.mismatch("one of \(Self.units.map(\.name).joined(separator: ", "))") }
            return known?.factor ?? 1
        }
        let scale = fields["scale"]?.number(in: -1e15...1e15) ?? 1
        let (path, value) = (template("path"), selector("value"))
        guard let path, let value else { return nil }
        self.init(
            method: fields["method"]?.text() ?? "GET", path: path,
            headers: fields["headers"]?.headers() ?? [], body: template("body"), value: value,
            samples: selector("samples"), factor: (unit ?? 1) * scale)
    }
}

/// `PROVIDER/provider.yaml`.
extension SLIProviderSpec {
    init(reading root: Place) {
        let file = root.fields(["kind", "url", "headers", "authentication", "tls", "timeout", "step"])
        let kind = file["kind"].map { place in
            let kind = Kind(rawValue: place.text())
            if kind == nil { place.mismatch("one of \(Kind.allCases.map(\.rawValue).joined(separator: ", "))") }
            return kind
        }
        let url = file["url"]?.nonEmptyText()
        let isWeb = url?.contains("://") ?? false
        if let place = file["url"], let url, kind != .file, isWeb,
            !["http://", "https://"].contains(where: url.hasPrefix)
        {
            place.mismatch("a URL that begins with http:// or https://")
        }
        let tls = file["tls"]?.fields(["ca", "insecureSkipVerify"])
        self.init(
            kind: kind ?? nil, url: url, headers: file["headers"]?.headers() ?? [],
            authentication: file["authentication"]?.oneOrMore().compactMap(Authentication.init(reading:)) ?? [],
            certificate: tls?["ca"]?.nonEmptyText(), skipsVerification: tls?["insecureSkipVerify"]?.boolean() ?? false,
            timeout: file["timeout"]?.positiveDuration() ?? Self.standardTimeout,
            step: file["step"]?.positiveDuration() ?? Self.standardStep)
        if step < .seconds(1), let place = file["step"] { place.mismatch("a duration of at least 1s") }
    }
}

extension SLIProviderSpec.Authentication {
    /// Nil for none, and for a type that there is not.
    fileprivate init?(reading place: Place) {
        let types = ["none", "basic", "bearer", "header"]
        let fields = place.fields(["type", "user", "name", "prefix", "secret"])
        func secret() -> SLIProviderSpec.SecretKey {
            let secret = fields.required("secret")?.fields(["name", "key"])
            return .init(
                name: secret?.required("name")?.nonEmptyText() ?? "", key: secret?.required("key")?.nonEmptyText() ?? ""
            )
        }
        let type = fields.required("type")
        switch type?.text() {
        case "none": return nil
        case "basic": self = .basic(user: fields.required("user")?.text() ?? "", password: secret())
        case "bearer": self = .bearer(secret())
        case "header":
            self = .header(
                name: fields.required("name")?.nonEmptyText() ?? "", prefix: fields["prefix"]?.text() ?? "", secret())
        default:
            type?.mismatch("one of \(types.joined(separator: ", "))")
            return nil
        }
    }
}

extension Place {
    /// A mapping of names to values.
    fileprivate func headers() -> [SLIProviderSpec.Header] {
        textPairs().map { SLIProviderSpec.Header(name: $0.key, value: $0.value) }
    }
}
