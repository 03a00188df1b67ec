import CloudEvents
import GoTemplate
import KeptnModel

/// `eventmappings.yaml`.
extension EventMappings {
    init(reading root: Place) {
        let file = root.fields(["apiVersion", "kind", "hooks"])
        if let version = file.required("apiVersion"), version.text() != Self.apiVersion {
            version.mismatch(Self.apiVersion)
        }
        file["kind"]?.expectWord(["EventMappings"])
        let hooks = file.required("hooks")?.elements() ?? []
        self.init(hooks: hooks.map(Hook.init(reading:)))
        var seen: Set<String> = []
        for (place, hook) in zip(hooks, self.hooks) where !seen.insert(hook.name).inserted {
            place.error("there are two hooks '\(shortened(hook.name))'")
        }
    }
}

extension EventMappings.Hook {
    fileprivate init(reading place: Place) {
        let fields = place.fields(["name", "authentication", "events"])
        let name = fields.required("name")
        let text = name?.text() ?? ""
        let isName = !text.isEmpty && text.utf8.allSatisfy { isTokenByte($0) && $0 != UInt8(ascii: "%") }
        if let name, !isName { name.mismatch("letters, digits, '-', '_' and '.'") }
        let events = fields.required("events")
        self.init(
            name: text, authentication: fields.required("authentication").map { .init(reading: $0) } ?? .none,
            events: events?.elements().map(EventMappings.Event.init(reading:)) ?? [])
        if let events, case .sequence(let nodes) = events.node.content, nodes.allSatisfy(\.isNull) {
            events.error("'events' is empty; a hook needs at least one")
        }
    }
}

extension EventMappings.Authentication {
    private enum Kind: String, CaseIterable {
        case none
        case hmac = "hmac-sha256"
        case token, bearer
    }

    fileprivate init(reading place: Place) {
        let fields = place.fields(["type", "header", "secret"])
        let type = fields.required("type")
        guard let kind = type.flatMap({ Kind(rawValue: $0.text()) }) else {
            type?.mismatch("one of \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
            self = .none
            return
        }
        func secret() -> EventMappings.Secret {
            let secret = fields.required("secret")?.fields(["name", "key"])
            return .init(
                name: secret?.required("name")?.nonEmptyText() ?? "", key: secret?.required("key")?.nonEmptyText() ?? ""
            )
        }
        func header() -> String {
            let place = fields.required("header")
            let name = place?.text() ?? ""
            if let place, name.isEmpty || !name.utf8.allSatisfy(isTokenByte) { place.mismatch("the name of a header") }
            return name.lowercased()
        }
        switch kind {
        case .none: self = .none
        case .hmac: self = .hmacSHA256(header: header(), secret: secret())
        case .token: self = .token(header: header(), secret: secret())
        case .bearer: self = .bearer(secret: secret())
        }
    }
}

extension EventMappings.Event {
    fileprivate init(reading place: Place) {
        let fields = place.fields(["forEach", "when", "id", "context", "type", "data"])
        func template(_ key: String) -> String? {
            guard let place = fields[key] else { return nil }
            place.checkTemplate()
            return place.text()
        }
        let type = fields.required("type")
        type?.checkTemplate()
        let data = fields.required("data")
        if let data {
            if case .mapping = data.node.content { data.checkTemplates() } else { data.mismatch("a mapping") }
        }
        self.init(
            forEach: fields["forEach"].map { $0.text().split(separator: ".").map { String($0) } },
            when: template("when"), id: template("id"), context: template("context"), type: type?.text() ?? "",
            data: data?.json() ?? .emptyObject)
    }
}

extension Place {
    /// Notes what keeps a text from being a template.
    func checkTemplate() {
        let text = text()
        do throws(TemplateMistake) {
            _ = try Template(text)
        } catch {
            self.error("'\(shortened(text))' is no template: \(error)")
        }
    }

    /// The same for every text in a tree.
    fileprivate func checkTemplates() {
        switch node.content {
        case .scalar: checkTemplate()
        case .sequence: for element in elements() { element.checkTemplates() }
        case .mapping(let pairs): for pair in pairs { member(pair).checkTemplates() }
        }
    }
}

/// Of a token (RFC 9110 section 5.6.2).
private func isTokenByte(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains(byte)
}
