import HTTPTypes
import Ports

/// A page for a person who is not in the Bridge: a few lines, and what can be done.
struct PlainPage {
    let title: String
    let lines: [String]
    /// HTML.
    var action = ""

    func response(_ status: HTTPResponse.Status) -> APIResponse {
        let html = """
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="robots" content="noindex">
            <title>\(Self.escaped(title)) · Keptn</title>
            <style>
              :root { color-scheme: light dark }
              body { max-width: 32rem; margin: 3rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif }
              p { overflow-wrap: anywhere } input { width: 100%; margin: .3rem 0 1rem }
              input, button { font: inherit; padding: .4rem .8rem }
            </style>
            <main>
            <h1>\(Self.escaped(title))</h1>
            \(lines.map { "<p>\(Self.escaped($0))</p>" }.joined(separator: "\n"))
            \(action)
            </main>
            </html>

            """
        var response = APIResponse(status, contentType: "text/html; charset=utf-8", body: Array(html.utf8))
        response.headers[.contentSecurityPolicy] =
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; "
            + "frame-ancestors 'none'"
        response.headers[.cacheControl] = "no-store"
        // The address may be a key.
        if let name = HTTPField.Name("Referrer-Policy") { response.headers[name] = "no-referrer" }
        return response
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
        return result
    }
}
