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
        if let name, text.isEmpty || !text.utf8.allSatisfy(isNameByte) {
            name.mismatch("letters, digits, '-', '_' and '.'")
        }
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

        var keys: [String] {
            switch self {
            case .none: ["type"]
            case .bearer: ["type", "secret"]
            case .hmac, .token: ["type", "header", "secret"]
            }
        }
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
        for (key, member) in fields.known where !kind.keys.contains(key) {
            member.error("'\(kind.rawValue)' has no '\(key)'")
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
        type?.checkEventType()
        let data = fields.required("data")
        if let data {
            if case .mapping(let members) = data.node.content {
                data.checkTemplates()
                // The project may be that of the file.
                for key in ["stage", "service"] where type?.text().hasSuffix(".triggered") == true {
                    if !members.contains(where: { $0.key == key }) { data.error("'data' has no '\(key)'") }
                }
            } else {
                data.mismatch("a mapping")
            }
        }
        self.init(
            forEach: fields["forEach"]?.payloadPath(),
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

extension Place {
    /// Notes a type that a hook cannot send. Of one that comes from the payload nothing is known yet.
    fileprivate func checkEventType() {
        let text = text()
        guard !text.contains("{{") else { return }
        switch EventType(text) {
        case .sequence(_, _, .triggered)?: return
        case .task(_, let kind)? where kind != .triggered: return
        case .task?, .sequence?: break
        case nil where text.hasPrefix("sh.keptn."): return
        case nil: break
        }
        mismatch("the type of an event that is sent from outside, such as sh.keptn.event.dev.delivery.triggered")
    }

    /// `event_data.resources`: names of members, the first of them one of the payload.
    fileprivate func payloadPath() -> [String] {
        let path = text().split(separator: ".", omittingEmptySubsequences: false).map { String($0) }
        if path.contains(where: { $0.isEmpty || $0.contains { "{} ".contains($0) } }) {
            mismatch("the path of a list in the payload, such as alerts")
        } else if path[0] == "payload" {
            warning("'\(shortened(text()))' begins inside of the payload: a member of it has to be called 'payload'")
        }
        return path
    }
}

/// Of the name of a hook, which is part of a URL.
private func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        true
    default: false
    }
}

/// Of a token (RFC 9110 section 5.6.2).
private func isTokenByte(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains(byte)
}
