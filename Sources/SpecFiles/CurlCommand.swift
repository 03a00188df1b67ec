import KeptnModel

/// A command line of curl as the request that it stands for. No curl runs: what we cannot do is a mistake.
struct CurlCommand {
    private enum Meaning {
        case method, header, data, rawData, json, url, credentials, userAgent, referer, cookie, proxy, timeout
        case head, followsRedirects
        /// Says how curl talks to its user.
        case nothing

        var needsValue: Bool {
            switch self {
            case .head, .followsRedirects, .nothing: false
            default: true
            }
        }
    }

    private static let options: [String: Meaning] = [
        "-X": .method, "--request": .method, "-H": .header, "--header": .header, "-d": .data, "--data": .data,
        "--data-ascii": .data, "--data-binary": .data, "--data-raw": .rawData, "--json": .json, "--url": .url,
        "-u": .credentials, "--user": .credentials, "-A": .userAgent, "--user-agent": .userAgent, "-e": .referer,
        "--referer": .referer, "-b": .cookie, "--cookie": .cookie, "-x": .proxy, "--proxy": .proxy, "-m": .timeout,
        "--max-time": .timeout, "-I": .head, "--head": .head, "-L": .followsRedirects,
        "--location": .followsRedirects, "-s": .nothing, "--silent": .nothing, "-S": .nothing,
        "--show-error": .nothing, "-f": .nothing, "--fail": .nothing, "--fail-with-body": .nothing, "-v": .nothing,
        "--verbose": .nothing, "-g": .nothing, "--globoff": .nothing, "--no-progress-meter": .nothing,
        "--compressed": .nothing,
    ]
    private static let timeoutSecondsMax = 600.0

    private(set) var mistakes: [String] = []
    private(set) var request: WebhookSpec.Request
    private var method: WebhookSpec.Method?
    private var data: [String] = []
    private var words: ArraySlice<String> = []

    /// A whole command line, `curl` and a URL in it.
    init(_ command: String) {
        request = WebhookSpec.Request(url: "")
        guard read(command) else { return }
        if words.popFirst() != "curl" {
            mistakes.append("only curl can be called; the command has to begin with 'curl'")
            return
        }
        readWords()
        if request.url.isEmpty, mistakes.isEmpty { mistakes.append("the command has no URL") }
        finish()
    }

    /// More options for a request that is described otherwise.
    init(options: String, for request: WebhookSpec.Request) {
        self.request = request
        method = request.method
        if let body = request.body { data = [body] }
        guard read(options) else { return }
        readWords()
        finish()
    }

    private mutating func read(_ text: String) -> Bool {
        do throws(CommandWords.Mistake) {
            words = try CommandWords.of(text)[...]
            return true
        } catch {
            mistakes.append(error.message)
            return false
        }
    }

    /// As curl does: data makes it a POST of form fields, unless something else is said.
    private mutating func finish() {
        if !data.isEmpty { request.body = data.joined(separator: "&") }
        request.method = method ?? (data.isEmpty ? .get : .post)
    }

    private mutating func readWords() {
        while let word = words.popFirst() {
            if word.hasPrefix("--") || word == "-" {
                read(option: word, attached: nil)
            } else if word.hasPrefix("-") {
                readLetters(word.dropFirst())
            } else {
                set(url: word)
            }
        }
    }

    /// Options of one letter, of which the last may have its value attached: `-sXPOST`.
    private mutating func readLetters(_ letters: Substring) {
        var letters = letters
        while let letter = letters.popFirst() {
            let option = "-\(letter)"
            guard Self.options[option]?.needsValue != false else {
                read(option: option, attached: nil)
                continue
            }
            return read(option: option, attached: letters.isEmpty ? nil : String(letters))
        }
    }

    private mutating func read(option: String, attached: String?) {
        guard let meaning = Self.options[option] else {
            // Whether what follows is its value nobody knows.
            words = []
            let known = Self.options.keys.sorted()
            let guess = didYouMean(option, among: known.filter { $0.hasPrefix("--") })
            let advice = guess.isEmpty ? "; there are \(known.joined(separator: " "))" : guess
            return mistakes.append("curl's option '\(shortened(option))' is not for webhooks\(advice)")
        }
        guard meaning.needsValue else { return set(meaning) }
        guard let value = attached ?? words.popFirst() else {
            return mistakes.append("curl's option '\(option)' needs a value behind it")
        }
        set(meaning, value, option)
    }

    private mutating func set(_ meaning: Meaning) {
        switch meaning {
        case .head: method = .head
        case .followsRedirects: request.followsRedirects = true
        default: break
        }
    }

    private mutating func set(_ meaning: Meaning, _ value: String, _ option: String) {
        switch meaning {
        case .method: set(method: value)
        case .header: set(header: value)
        case .data, .json:
            guard !value.hasPrefix("@") else {
                return mistakes.append("'\(option) \(shortened(value))' would send a file of ours; write its text")
            }
            data.append(value)
            guard case .json = meaning else { return }
            request.headers.append(.init(name: "Content-Type", value: "application/json"))
            request.headers.append(.init(name: "Accept", value: "application/json"))
        case .rawData: data.append(value)
        case .url: set(url: value)
        case .credentials: request.credentials = value
        case .userAgent: request.headers.append(.init(name: "User-Agent", value: value))
        case .referer: request.headers.append(.init(name: "Referer", value: value))
        case .cookie:
            guard value.contains("=") else {
                return mistakes.append("'\(option) \(shortened(value))' would read a file of ours; write name=value")
            }
            request.headers.append(.init(name: "Cookie", value: value))
        case .proxy: request.proxy = value
        case .timeout:
            guard let seconds = Double(value), seconds > 0, seconds <= Self.timeoutSecondsMax else {
                return mistakes.append(
                    "'\(option) \(shortened(value))' needs a number of seconds up to \(Int(Self.timeoutSecondsMax))")
            }
            request.timeout = .milliseconds(Int64(seconds * 1000))
        case .head, .followsRedirects, .nothing: break
        }
    }

    private mutating func set(method name: String) {
        guard let known = WebhookSpec.Method(rawValue: name) else {
            let methods = WebhookSpec.Method.allCases.map(\.rawValue).joined(separator: ", ")
            return mistakes.append("'\(shortened(name))' is no method of webhooks; there are \(methods)")
        }
        method = known
    }

    private mutating func set(header text: String) {
        // A name is never in a template, and the first colon outside of one ends it.
        guard let colon = text.firstIndex(of: ":"), !text[..<colon].contains("{{") else {
            return mistakes.append("the header '\(shortened(text))' needs the form 'name: value'")
        }
        let value = text[text.index(after: colon)...].drop(while: \.isWhitespace)
        request.headers.append(.init(name: String(text[..<colon]), value: String(value)))
    }

    private mutating func set(url: String) {
        guard request.url.isEmpty else {
            return mistakes.append("'\(shortened(url))' is a second URL; a request has one (is a quote missing?)")
        }
        request.url = url
    }
}
