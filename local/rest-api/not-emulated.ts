/** The document asks for something that this host does not do, or that API Gateway itself would refuse. */
export class NotEmulated extends Error {
  override name = 'NotEmulated';
}
