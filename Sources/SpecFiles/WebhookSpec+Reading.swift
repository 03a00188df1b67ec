import GoTemplate
import KeptnModel

/// `webhook/webhook.yaml`.
extension WebhookSpec {
    init(reading root: Place) {
        let file = root.fields(["apiVersion", "kind", "metadata", "spec"])
        file["kind"]?.expectWord(["WebhookConfig"])
        let form = file.required("apiVersion").flatMap { place -> RequestForm? in
            let text = place.text()
            let form = RequestForm.allCases.first { Self.apiVersionPrefix + $0.rawValue == text }
            if form == nil {
                let known = RequestForm.allCases.map { Self.apiVersionPrefix + $0.rawValue }
                place.mismatch("one of " + known.joined(separator: ", "))
            }
            return form
        }
        let webhooks = file.required("spec")?.fields(["webhooks"]).required("webhooks")?.elements() ?? []
        self.init(webhooks: webhooks.map { Webhook(reading: $0, form ?? .structured) })
        var seen: Set<String> = []
        for (place, webhook) in zip(webhooks, self.webhooks) where !seen.insert(webhook.subscriptionID).inserted {
            place.warning(
                "an earlier webhook has the subscription '\(shortened(webhook.subscriptionID))' too, and counts")
        }
    }

    /// How a file writes its requests.
    fileprivate enum RequestForm: String, CaseIterable {
        case commandLine = "v1alpha1"
        case structured = "v1beta1"
    }
}

extension WebhookSpec.Webhook {
    fileprivate init(reading place: Place, _ form: WebhookSpec.RequestForm) {
        let fields = place.fields(["type", "subscriptionID", "sendFinished", "sendStarted", "envFrom", "requests"])
        let requests = fields.required("requests")
        self.init(
            type: fields.required("type")?.nonEmptyText() ?? "",
            subscriptionID: fields.required("subscriptionID")?.nonEmptyText() ?? "",
            sendsStarted: fields["sendStarted"]?.boolean() ?? true,
            sendsFinished: fields["sendFinished"]?.boolean() ?? false,
            secrets: fields["envFrom"]?.elements().map(WebhookSpec.SecretVariable.init(reading:)) ?? [],
            requests: requests?.elements().map { WebhookSpec.Request(reading: $0, form) } ?? [])
        if let requests, case .sequence(let nodes) = requests.node.content, nodes.allSatisfy(\.isNull) {
            requests.error("'requests' is empty; a webhook needs at least one")
        }
    }
}

extension WebhookSpec.SecretVariable {
    fileprivate init(reading place: Place) {
        let fields = place.fields(["name", "secretRef"])
        let secret = fields.required("secretRef")?.fields(["name", "key"])
        self.init(
            name: fields.required("name")?.nonEmptyText() ?? "",
            secret: secret?.required("name")?.nonEmptyText() ?? "",
            key: secret?.required("key")?.nonEmptyText() ?? "")
    }
}

extension WebhookSpec.Request {
    fileprivate init(reading place: Place, _ form: WebhookSpec.RequestForm) {
        switch form {
        case .commandLine: self.init(readingCommand: place)
        case .structured: self.init(readingFields: place)
        }
        let texts = [url, body, credentials, proxy].compactMap(\.self) + headers.map(\.value)
        for text in texts {
            do throws(TemplateMistake) {
                _ = try Template(text)
            } catch {
                place.error("'\(shortened(text))' is no template: \(error)")
            }
        }
    }

    private init(readingCommand place: Place) {
        guard case .scalar(let text, _) = place.node.content else {
            place.mismatch("a command line such as curl https://example.com")
            self.init(url: "")
            return
        }
        let command = CurlCommand(text)
        for mistake in command.mistakes { place.error(mistake) }
        self = command.request
    }

    private init(readingFields place: Place) {
        let fields = place.fields(["url", "method", "headers", "payload", "options"])
        var request = WebhookSpec.Request(url: fields.required("url")?.nonEmptyText() ?? "")
        if let place = fields.required("method") {
            if let method = WebhookSpec.Method(rawValue: place.text()) {
                request.method = method
            } else {
                place.mismatch("one of " + WebhookSpec.Method.allCases.map(\.rawValue).joined(separator: ", "))
            }
        }
        for place in fields["headers"]?.elements() ?? [] {
            let header = place.fields(["key", "value"])
            request.headers.append(
                .init(name: header.required("key")?.nonEmptyText() ?? "", value: header.required("value")?.text() ?? "")
            )
        }
        request.body = fields["payload"].map { $0.text() }.flatMap { $0.isEmpty ? nil : $0 }
        if let place = fields["options"] {
            let command = CurlCommand(options: place.text(), for: request)
            for mistake in command.mistakes { place.error(mistake) }
            request = command.request
        }
        self = request
    }
}

extension Place {
    /// A scalar that says something.
    func nonEmptyText() -> String {
        let text = text()
        if case .scalar = node.content, text.allSatisfy(\.isWhitespace) { mismatch("text") }
        return text
    }
}
