// What of the document the element at `path` is made of: itself, all that it refers to, and the names of the operations that links
// lead to. It is the whole document where that cannot be told.
function part(document, path) {
  const [place, name] = path;
  const { paths = {}, webhooks = {}, components = {}, ...head } = document;
  const item = document[place]?.[name];
  if (!document.openapi?.startsWith("3.1") || item === undefined) return document;
  const made = { ...head, paths: {}, components: {} };
  const linked = new Set();
  let told = true;
  const take = (value, key) => {
    if (Array.isArray(value)) value.forEach((one) => take(one));
    else if (value !== null && typeof value === "object") Object.keys(value).forEach((inner) => take(value[inner], inner));
    else if (key === "operationId") linked.add(value);
    else if (typeof value === "string" && (key === "$ref" || value.startsWith("#/components/"))) {
      const [root, group, kind, of] = value.split("/");
      const found = root === "#" && group === "components" ? components[kind]?.[of] : undefined;
      if (found === undefined) told &&= key !== "$ref";
      else if (made.components[kind]?.[of] === undefined) {
        (made.components[kind] ??= {})[of] = found;
        take(found);
      }
    }
  };
  if (place === "components") {
    made.components[name] = path.length > 2 ? { [path[2]]: item[path[2]] } : item;
    take(made.components[name]);
  } else {
    made[place] = { [name]: item };
    take(item);
  }
  for (const [address, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      if (linked.has(operation?.operationId) && made.paths[address]?.[method] === undefined) {
        (made.paths[address] ??= {})[method] = { operationId: operation.operationId, responses: {} };
      }
    }
  }
  return told ? made : document;
}

// Swagger UI resolves the whole document again for each operation that is opened, and before the first one is shown, which takes
// many seconds for one of our size. It is given the part that is asked for, with the same result.
const Parts = () => ({
  afterLoad({ fn: { resolveSubtree } }) {
    this.fn.resolveSubtree = (document, path, options) => resolveSubtree(part(document, path), path, options);
  },
});

window.onload = () => {
  window.ui = SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    layout: "StandaloneLayout",
    deepLinking: true,
    tryItOutEnabled: true,
    persistAuthorization: true,
    displayRequestDuration: true,
    filter: true,
    // The list of schemas is closed at first: it is as long as that of the operations.
    defaultModelsExpandDepth: 0,
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    plugins: [SwaggerUIBundle.plugins.DownloadUrl, Parts],
  });
};
